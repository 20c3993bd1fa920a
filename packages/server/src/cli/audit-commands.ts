import type { Command } from 'commander'
import type { AuditFlags } from './audit-place.js'
import type { Setting } from './setting.js'
import type { WitnessFlags } from './witness.js'

/** An option that may be given again. */
const many = (value: string, before: readonly string[] = []) => [...before, value]

/** Declares `mcp-vitals audit …`. */
export function addAudit(program: Command, setting: () => Setting): void {
  const audit = program.command('audit').description('the audit log: read it, check it, prove what is in it')
  const place = (command: Command) =>
    command
      .option('--data <directory>', 'state directory (dataDir)')
      .option('-c, --config <file>', 'configuration that says where the log lies')
  const filtered = (command: Command) =>
    place(command)
      .option('--type <type>', 'type of row, such as TOOL_CALLED; may be given again', many)
      .option('--actor <name>', 'who did it')
      .option('--target <name>', 'what it was done to')
      .option('--since <time>', 'not before, such as 2026-11-21T04:00:00Z')
      .option('--until <time>', 'before')
      .option('--limit <number>', 'most rows (default: 20)')
      .option('--json', 'one row a line, as it is stored')
  const run = (name: keyof typeof import('./audit.js')) => async (flags: AuditFlags) => {
    const work = (await import('./audit.js'))[name] as (flags: AuditFlags, setting: Setting) => Promise<void>
    await work(flags, setting())
  }
  filtered(audit.command('tail').description('show the newest rows')).action(run('tail'))
  filtered(audit.command('search').description('show the newest rows with a text in them'))
    .argument('<text>', 'text that stands anywhere in a row')
    .action((text: string, flags: AuditFlags) => run('tail')({ ...flags, text }))
  place(audit.command('show').description('show one row'))
    .argument('<seq>', 'its number')
    .option('--open', 'with the values that it commits to, as far as they were not erased, each checked')
    .action((seq: string, flags: AuditFlags) => run('show')({ ...flags, seq }))
  place(
    audit
      .command('verify')
      .description(
        'check the log, or files of it, row by row; status 1 where it does not hold, 2 where it cannot be checked',
      ),
  )
    .argument('[files...]', 'exports or archives, in order (default: the log with its archives)')
    .option('--key <key>', 'public key that is trusted, <name>+<id>+<base64>; may be given again', many)
    .option('--checkpoints <file>', 'checkpoints that were kept elsewhere; may be given again', many)
    .option('--max-unsigned <number>', 'most rows behind the newest checkpoint')
    .action((files: readonly string[], flags: AuditFlags) => run('verify')({ ...flags, files }))
  place(audit.command('prove').description('print the proof that a row is in the log'))
    .argument('<seq>', 'its number')
    .action((seq: string, flags: AuditFlags) => run('prove')({ ...flags, seq }))
  place(
    audit
      .command('check-proof')
      .description(
        'check a proof by the log’s public key alone; status 1 where it does not hold, 2 where it cannot be checked',
      ),
  )
    .argument('<file>', 'the proof')
    .option('--key <key>', 'public key that is trusted; may be given again', many)
    .action((file: string, flags: AuditFlags) => run('checkProofFile')({ ...flags, files: [file] }))
  place(
    audit
      .command('checkpoint')
      .description('sign the log as it stands, and print the checkpoint, to be kept elsewhere'),
  ).action(run('checkpoint'))
  place(
    audit
      .command('export')
      .description('write rows to a new file, and beside it the checkpoints by which anybody can check them'),
  )
    .argument('<file>', 'file to make')
    .option('--from <seq>', 'first row (default: the first that the log still holds)')
    .option('--to <seq>', 'row behind the last (default: the end)')
    .action((file: string, flags: AuditFlags) => run('exportRows')({ ...flags, files: [file] }))
  place(audit.command('archive').description('move rows that a checkpoint covers out of the log into files'))
    .argument('<directory>', 'where the files go')
    .requiredOption('--before <seq>', 'rows below this number')
    .action((directory: string, flags: AuditFlags) => run('archive')({ ...flags, files: [directory] }))
  place(
    audit
      .command('erase')
      .description('erase the salt and value of a committed field, for good; the log holds as before'),
  )
    .argument('<seq>', 'number of the row')
    .argument('<field>', 'name of the field')
    .action((seq: string, field: string, flags: AuditFlags) => run('erase')({ ...flags, seq, field }))
  place(
    audit
      .command('rotate-key')
      .description('sign from here on by a new key; a daemon that runs takes it with its next checkpoint'),
  ).action(run('rotateKey'))
  audit
    .command('keygen')
    .description('make a key for a log: the private one into a new file, the public one to the output')
    .argument('<name>', 'name of the log, such as example.com/audit/gateway-1')
    .argument('<file>', 'file for the private key (mode 600)')
    .action(async (name: string, file: string) => (await import('./audit.js')).keygen(name, file, setting()))
  audit.addHelpText(
    'after',
    '\nExamples:\n  mcp-vitals audit tail --type TOOL_CALLED\n  mcp-vitals audit verify\n  mcp-vitals audit prove 42 > row-42.proof\n',
  )
}

/** Declares `mcp-vitals witness`. */
export function addWitness(program: Command, setting: () => Setting): void {
  program
    .command('witness')
    .description('sign checkpoints of audit logs of other machines, as long as these logs only grow')
    .requiredOption('--name <name>', 'name of this witness, such as witness.example.com')
    .requiredOption('--log <key>', 'public key of a log that it signs for; may be given again', many)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on', '9466')
    .option('--data <directory>', 'where its key is, and what it signed')
    .addHelpText('after', '\nExample:\n  mcp-vitals witness --name witness.example.com --log "$(cat audit.pub)"\n')
    .action(async (flags: WitnessFlags) => {
      const { terminal, finish } = setting()
      finish(await (await import('./witness.js')).witness(flags, terminal))
    })
}

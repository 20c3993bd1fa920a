import { Command } from 'commander'
import { vitalsError } from '../errors/index.js'
import { VERSION } from '../version/index.js'
import { addAlerts } from './alerts-commands.js'
import { addAudit, addWitness } from './audit-commands.js'
import type { BackupFlags } from './backup.js'
import { addCheck } from './check-commands.js'
import type { ConfigFlags } from './config.js'
import { addDoctor } from './doctor-commands.js'
import { addExport } from './export-commands.js'
import { addInstall } from './install-commands.js'
import type { KeysFlags } from './keys.js'
import { addMcp } from './mcp-commands.js'
import { addPlugins } from './plugins-commands.js'
import type { QueryFlags } from './query.js'
import type { ListFlags } from './rules.js'
import type { Setting } from './setting.js'
import { addTop } from './top-commands.js'
import type { UpFlags } from './up.js'

const FILE_HELP = 'configuration, YAML or JSON: our own form, or a client’s mcp.json'

/**
 * Declares every command. Each one’s work is imported only when it runs: `wrap` starts with every server of a client, so
 * nothing heavy may load before it. `setting` is used when a command runs or prints, not before.
 */
export function createProgram(setting: () => Setting): Command {
  const program = new Command('mcp-vitals')
    .description('Vital signs for MCP servers: see every call, know when something is wrong.')
    .version(VERSION, '-V, --version')
    .exitOverride()
    .enablePositionalOptions()
    .configureOutput({
      writeOut: (text) => setting().terminal.out.write(text),
      writeErr: (text) => setting().terminal.err.write(text),
    })
    .showHelpAfterError('(mcp-vitals --help shows what there is)')
    .addHelpText('after', EXAMPLES)
  addUp(program, setting)
  addWrap(program, setting)
  addPlugins(program, setting)
  addInstall(program, setting)
  addConfig(program, setting)
  addBackup(program, setting)
  addKeys(program, setting)
  addUsers(program, setting)
  addQuery(program, setting)
  addCheck(program, setting)
  addDoctor(program, setting)
  addTop(program, setting)
  addAlerts(program, setting)
  addRules(program, setting)
  addAudit(program, setting)
  addWitness(program, setting)
  addExport(program, setting)
  addMcp(program, setting)
  return program
}

const EXAMPLES = `
Examples:
  mcp-vitals up --demo                      watch two small servers that come along
  mcp-vitals up --config ~/.cursor/mcp.json watch your own servers
  mcp-vitals plugins                        make command-line programs tools of a watched server
  mcp-vitals install                        have your clients' servers watched; uninstall takes it back
  mcp-vitals check --once                   say how the configured servers are: exit status 0, 1 or 2
  mcp-vitals top                            show what goes on now, live
  mcp-vitals export all --out deploy        files for Prometheus, Grafana, Kubernetes and others
  mcp-vitals doctor                         find what is wrong, and how to mend it
  mcp-vitals wrap -- npx my-server          in a client's configuration: run a server watched
  mcp-vitals config check --config my.yaml  say what is wrong with a configuration, and where
`

function addUp(program: Command, setting: () => Setting): void {
  program
    .command('up')
    .description('watch MCP servers: gateway, metrics, health and status page on one port')
    .option('-c, --config <file>', FILE_HELP)
    .option('-p, --port <number>', 'port to listen on (listen.port)')
    .option('--host <address>', 'loopback address to listen on (listen.host)')
    .option('--data <directory>', 'state directory (dataDir)')
    .option('--preset <system>', 'as operators of this system know it: messaging, letta, commerce, dust, plugins')
    .option('--demo', 'watch demonstration servers, with a client that calls them')
    .addHelpText('after', '\nExamples:\n  mcp-vitals up --config mcp.json\n  mcp-vitals up --demo --port 9465\n')
    .action(async (flags: UpFlags) => {
      const { up } = await import('./up.js')
      const { terminal, finish } = setting()
      finish(await up(flags, terminal))
    })
}

function addWrap(program: Command, setting: () => Setting): void {
  program
    .command('wrap')
    .description('run a stdio server as a client would, and tell the daemon what passes')
    .usage('[options] -- <command> [arguments...]')
    .argument('[words...]')
    .passThroughOptions()
    .option('-n, --name <name>', 'name of the server (default: made from the command)')
    .option('--data <directory>', 'state directory of the daemon')
    .addHelpText('after', '\nExample:\n  mcp-vitals wrap --name notes -- npx -y @modelcontextprotocol/server-memory\n')
    .action(async (words: readonly string[], { name, data }: { readonly name?: string; readonly data?: string }) => {
      const { wrapped, finish } = setting()
      const [command, ...args] = wrapped
      if (command === undefined || words.length > 0) throw vitalsError('WRAP_WITHOUT_COMMAND', {})
      const { runWrap } = await import('./wrap.js')
      finish(
        await runWrap({
          ...(name === undefined ? {} : { name }),
          ...(data === undefined ? {} : { dataDir: data }),
          command,
          args,
        }),
      )
    })
}

function addBackup(program: Command, setting: () => Setting): void {
  program
    .command('backup')
    .description('copy events, alerts and the audit log to a new directory, also while the daemon runs')
    .argument('<directory>', 'directory to make')
    .option('--data <directory>', 'state directory (dataDir)')
    .addHelpText('after', '\nExample:\n  mcp-vitals backup /var/backups/mcp-vitals-2026-08-01\n')
    .action(async (directory: string, flags: BackupFlags) =>
      (await import('./backup.js')).backup(directory, flags, setting().terminal),
    )
}

function addConfig(program: Command, setting: () => Setting): void {
  const config = program.command('config').description('check, show or describe the configuration')
  const file = [
    '-c, --config <file>',
    `${FILE_HELP} (default: mcp-vitals.yaml, .yml or .json here, else the one of this user)`,
  ] as const
  config
    .command('check')
    .description('say whether it is valid, or each thing that is wrong, with its place')
    .option(...file)
    .action(async (flags: ConfigFlags) => (await import('./config.js')).checkConfig(flags, setting().terminal))
  config
    .command('print')
    .description('show every effective value and where it came from; secrets are masked')
    .option(...file)
    .action(async (flags: ConfigFlags) => (await import('./config.js')).showConfig(flags, setting().terminal))
  config
    .command('schema')
    .description('print the JSON Schema of the configuration, for an editor')
    .action(async () => (await import('./config.js')).showSchema(setting().terminal))
  config.addHelpText(
    'after',
    '\nExamples:\n  mcp-vitals config print --config my.yaml\n  mcp-vitals config schema > schema.json\n',
  )
}

function addKeys(program: Command, setting: () => Setting): void {
  const keys = program.command('keys').description('the keys that agents show at the gateway (doors.keys)')
  const data = ['--data <directory>', 'state directory (dataDir)'] as const
  const collect = (value: string, before: readonly string[] = []) => [...before, ...value.split(',')]
  keys
    .command('create')
    .description('make a key, and show it this once')
    .requiredOption('--agent <name>', 'who holds it, as metrics and logs name it')
    .option('--server <patterns>', 'servers that it opens, by commas; * is any text (default: all)', collect)
    .option('--tools <patterns>', 'tools that it may call, by commas; * is any text (default: all)', collect)
    .option('--expires <time>', 'when it ends: 90d, 12h, 30m or 2027-01-31 (default: never)')
    .option(...data)
    .action(async (flags: KeysFlags) => (await import('./keys.js')).createKey(flags, setting().terminal))
  keys
    .command('list')
    .description('list the keys, without their secrets')
    .option(...data)
    .action(async (flags: KeysFlags) => (await import('./keys.js')).listKeys(flags, setting().terminal))
  keys
    .command('revoke')
    .description('end a key; a daemon that runs sees it at once')
    .argument('<id>', 'id of the key, as list shows it')
    .option(...data)
    .action(async (id: string, flags: KeysFlags) =>
      (await import('./keys.js')).revokeKey(id, flags, setting().terminal),
    )
  keys
    .command('rotate')
    .description('make a new key with the rights of an old one, and end that one')
    .argument('<id>', 'id of the key, as list shows it')
    .option(...data)
    .action(async (id: string, flags: KeysFlags) =>
      (await import('./keys.js')).rotateKey(id, flags, setting().terminal),
    )
  keys.addHelpText(
    'after',
    '\nExamples:\n  mcp-vitals keys create --agent reporter --server notes --tools "read_*" --expires 90d\n  mcp-vitals keys list\n',
  )
}

function addUsers(program: Command, setting: () => Setting): void {
  const users = program.command('users').description('who logs in to the dashboard with a password (dashboard.users)')
  users
    .command('hash')
    .description('ask for a password, or read it from standard input, and print the passwordHash of it')
    .action(async () => (await import('./users.js')).hashPassword(setting().terminal))
  users.addHelpText('after', '\nExamples:\n  mcp-vitals users hash\n  pass show vitals | mcp-vitals users hash\n')
}

function addQuery(program: Command, setting: () => Setting): void {
  program
    .command('query')
    .description('ask the daemon that runs for the value of an expression of PromQL')
    .argument('<expression>', 'in PromQL, as docs/reference/promql.md has it')
    .option('--time <time>', 'at this time, or a range up to it: RFC 3339, or seconds since 1970 (default: now)')
    .option('--range <duration>', 'values over a time, such as 6h')
    .option('--step <duration>', 'time between two values of a range (default: a sixtieth of it)')
    .option('--json', 'show the answer as Prometheus’s HTTP API has it')
    .option('--url <address>', 'a daemon elsewhere; its admin token in MCP_VITALS_ADMIN_TOKEN')
    .option('--data <directory>', 'state directory of the daemon (dataDir)')
    .addHelpText(
      'after',
      "\nExamples:\n  mcp-vitals query up\n  mcp-vitals query 'sum by (tool) (rate(mcp_tool_calls_total[5m]))' --range 6h --step 5m\n",
    )
    .action(async (expression: string, flags: QueryFlags) =>
      (await import('./query.js')).query(expression, flags, setting().terminal),
    )
}

function addRules(program: Command, setting: () => Setting): void {
  const rules = program
    .command('rules')
    .description('rules in Prometheus’s format: files, their unit tests, and what is evaluated')
  rules
    .command('check')
    .description('say whether rule files are valid, or each thing that is wrong, with its place')
    .argument('<files...>', 'rule files')
    .action(async (files: readonly string[]) => (await import('./rules.js')).checkRules(files, setting().terminal))
  rules
    .command('test')
    .description('run unit tests of rules, in the format of promtool test rules')
    .argument('<files...>', 'files of unit tests')
    .action(async (files: readonly string[]) => {
      const { terminal, finish } = setting()
      finish(await (await import('./rules.js')).testRules(files, terminal))
    })
  rules
    .command('list')
    .description('show the rules that the daemon evaluates, and their alerts')
    .option('--json', 'show the answer as Prometheus’s HTTP API has it')
    .option('--url <address>', 'a daemon elsewhere; its admin token in MCP_VITALS_ADMIN_TOKEN')
    .option('--data <directory>', 'state directory of the daemon (dataDir)')
    .action(async (flags: ListFlags) => (await import('./rules.js')).listRules(flags, setting().terminal))
  rules.addHelpText(
    'after',
    '\nExamples:\n  mcp-vitals rules check my-rules.yml\n  mcp-vitals rules test my-rules.test.yml\n  mcp-vitals rules list\n',
  )
}

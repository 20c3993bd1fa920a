import type { Command } from 'commander'
import type { AlertsFlags } from './alerts.js'
import type { Setting } from './setting.js'

/** Declares `alerts …`: what a person does with alerts of the daemon that runs. */
export function addAlerts(program: Command, setting: () => Setting): void {
  const alerts = program
    .command('alerts')
    .description('see, acknowledge and silence the alerts of the daemon that runs')
  const data = ['--data <directory>', 'state directory (dataDir)'] as const
  const by = ['--by <name>', 'who does it, as the history and the audit log name them', 'owner'] as const
  const comment = ['--comment <text>', 'why', ''] as const
  const work = () => import('./alerts.js')
  alerts
    .command('list')
    .description('what fires, is pending or was acknowledged, and what is silenced')
    .option('--json', 'as JSON')
    .option(...data)
    .action(async (flags: AlertsFlags) => (await work()).listAlerts(flags, setting().terminal))
  alerts
    .command('show')
    .description('one alert with all that is known of it, and its history')
    .argument('<fingerprint>', 'its first characters, as list shows them')
    .option(...data)
    .action(async (fingerprint: string, flags: AlertsFlags) =>
      (await work()).showAlert(fingerprint, flags, setting().terminal),
    )
  alerts
    .command('ack')
    .description('say that somebody knows: no repeats and no escalation until it is resolved')
    .argument('<fingerprint>', 'its first characters, as list shows them')
    .option('--undo', 'take it back')
    .option(...comment)
    .option(...by)
    .option(...data)
    .action(async (fingerprint: string, flags: AlertsFlags) =>
      (await work()).acknowledge(fingerprint, flags, setting().terminal),
    )
  alerts
    .command('silence')
    .description('tell nobody of what matches, for a time')
    .argument('<matchers...>', 'conditions on labels, such as server=notes or severity=~"LOW|MEDIUM"')
    .requiredOption('--for <time>', 'for how long: 45s, 30m, 12h or 7d')
    .option(...comment)
    .option(...by)
    .option(...data)
    .action(async (matchers: readonly string[], flags: AlertsFlags) =>
      (await work()).silence(matchers, flags, setting().terminal),
    )
  alerts
    .command('unsilence')
    .description('end a silence')
    .argument('<id>', 'its first characters, as list shows them')
    .option(...by)
    .option(...data)
    .action(async (id: string, flags: AlertsFlags) => (await work()).unsilence(id, flags, setting().terminal))
  alerts
    .command('history')
    .description('what happened, the newest first')
    .option('--limit <number>', 'most entries', '50')
    .option('--json', 'as JSON')
    .option(...data)
    .action(async (flags: AlertsFlags) => (await work()).history(flags, setting().terminal))
  alerts
    .command('test')
    .description('send a test to a channel, and say what became of it')
    .argument('<channel>', 'its name in the configuration; log is always there')
    .option(...data)
    .action(async (channel: string, flags: AlertsFlags) =>
      (await work()).testChannel(channel, flags, setting().terminal),
    )
  alerts.addHelpText(
    'after',
    '\nExamples:\n  mcp-vitals alerts list\n  mcp-vitals alerts silence server=notes --for 2h --comment patches\n',
  )
}

import { type Command, InvalidArgumentError, Option } from 'commander'
import { COLUMNS, VIEWS } from '../top/index.js'
import type { Setting } from './setting.js'
import type { TopFlags } from './top.js'

const MIN_INTERVAL_SECONDS = 0.2
const MAX_INTERVAL_SECONDS = 3600
const SORTS = [...new Set(Object.values(COLUMNS).flatMap((columns) => columns.map(({ key }) => key)))]

/** Declares `top`: what goes on now, live. */
export function addTop(program: Command, setting: () => Setting): void {
  program
    .command('top')
    .description('show what goes on now: servers, tools, sessions and alerts, live')
    .addOption(new Option('--view <view>', 'what is shown first').choices(VIEWS).default('servers'))
    .addOption(new Option('--sort <column>', 'column to sort by, where the view has it').choices(SORTS))
    .option('--filter <text>', 'only what has this text in it')
    .option('--interval <seconds>', 'time between two looks', secondsOf, 2)
    .option('--once', 'print the view once, as a plain table')
    .option('--url <address>', 'a daemon elsewhere; its admin token in MCP_VITALS_ADMIN_TOKEN')
    .option('--data <directory>', 'state directory of the daemon (dataDir)')
    .addHelpText(
      'after',
      `
Keys: q quit, s sort, r reverse, / filter, tab view, p pause, ? help, arrows and PageDown scroll.
Where standard output is no terminal, it is as with --once. NO_COLOR takes the colours away.

Examples:
  mcp-vitals top
  mcp-vitals top --view tools --sort p95
  mcp-vitals top --once --view alerts
`,
    )
    .action(async (flags: TopFlags) => {
      const { terminal, finish } = setting()
      finish(await (await import('./top.js')).top(flags, terminal))
    })
}

function secondsOf(text: string): number {
  const seconds = Number(text)
  if (!(seconds >= MIN_INTERVAL_SECONDS && seconds <= MAX_INTERVAL_SECONDS))
    throw new InvalidArgumentError(
      `Expected: a number of seconds from ${MIN_INTERVAL_SECONDS} to ${MAX_INTERVAL_SECONDS}, for example 5.`,
    )
  return seconds
}

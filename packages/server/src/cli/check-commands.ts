import type { Command } from 'commander'
import type { CheckFlags } from './check.js'
import type { Setting } from './setting.js'

/** Declares `check`: how the servers, and what is configured beside them, are, as a client sees it. */
export function addCheck(program: Command, setting: () => Setting): void {
  program
    .command('check')
    .description('say how servers are, as a client sees it; needs no daemon')
    .usage('[options] [target] [-- command arguments...]')
    .argument('[target]', 'a client’s mcp.json, or the address of one server (default: the configuration)')
    .option('-c, --config <file>', 'configuration, YAML or JSON: our own form, or a client’s mcp.json')
    .option('--once', 'check once (the default without --interval)')
    .option('--interval <seconds>', 'go on checking')
    .option('--slack-webhook <address>', 'tell Slack after 3 failures, and when it is well again (SLACK_WEBHOOK_URL)')
    .option('--json', 'the result as JSON, a line each time')
    .option('--junit', 'the result as JUnit’s XML')
    .option('--timeout <seconds>', 'how long one check may take (default: as configured)')
    .option('--data <directory>', 'state directory, where failures are counted from run to run (dataDir)')
    .addHelpText(
      'after',
      `
Exit status: 0 GREEN, 1 YELLOW, 2 RED, 3 when nothing could be checked.

Examples:
  mcp-vitals check --once
  mcp-vitals check ~/.cursor/mcp.json --json
  mcp-vitals check http://127.0.0.1:3001/mcp
  mcp-vitals check -- npx -y @modelcontextprotocol/server-memory
  */5 * * * * cd /srv/mcp && npx mcp-vitals check --once >> /var/log/mcp-health.log 2>&1
`,
    )
    .action(async (target: string | undefined, flags: CheckFlags) => {
      const { terminal, wrapped, finish } = setting()
      finish(await (await import('./check.js')).check(target, wrapped, flags, terminal))
    })
}

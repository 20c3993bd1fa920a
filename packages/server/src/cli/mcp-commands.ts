import type { Command } from 'commander'
import type { McpFlags } from './mcp.js'
import type { Setting } from './setting.js'

/** Declares `mcp`: what the daemon knows, for an agent. */
export function addMcp(program: Command, setting: () => Setting): void {
  program
    .command('mcp')
    .description('answer an agent over MCP: how the servers are, what fails, what it costs')
    .option('--allow <tools...>', 'tools that change something and are offered all the same, such as ack_alert')
    .option('--url <address>', 'a daemon elsewhere; its admin token in MCP_VITALS_ADMIN_TOKEN')
    .option('--data <directory>', 'state directory of the daemon (dataDir)')
    .addHelpText(
      'after',
      `
It speaks MCP at standard input and output: a client starts it, with a configuration such as
  { "mcpServers": { "vitals": { "command": "npx", "args": ["-y", "mcp-vitals", "mcp"] } } }
`,
    )
    .action(async (flags: McpFlags) => (await import('./mcp.js')).serveMcp(flags, setting().terminal))
}

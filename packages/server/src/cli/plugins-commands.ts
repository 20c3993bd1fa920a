import type { Command } from 'commander'
import type { PluginsFlags } from './plugins.js'
import type { Setting } from './setting.js'

/** Declares `plugins`. */
export function addPlugins(program: Command, setting: () => Setting): void {
  program
    .command('plugins')
    .description('make the commands of command-line programs tools of an MCP server, watched')
    .option('--dir <directory>', 'directory of plugins, a folder each (default: mcp/plugins)')
    .option('--separator <text>', 'what stands between plugin and command in a tool’s name: . _ __ or - (default: .)')
    .option('-c, --config <file>', 'configuration for everything else')
    .option('-p, --port <number>', 'port to listen on (listen.port)')
    .option('--host <address>', 'loopback address to listen on (listen.host)')
    .option('--data <directory>', 'state directory (dataDir)')
    .option('--preset <system>', 'as operators of this system know it (default: letta, which listens on port 8000)')
    .option('--stdio', 'speak MCP on standard input and output, for a client that starts servers itself')
    .option('--unwatched', 'with --stdio: tell no daemon')
    .addHelpText(
      'after',
      '\nExamples:\n  mcp-vitals plugins --dir mcp/plugins\n  mcp-vitals plugins --preset plugins\n  mcp-vitals plugins --stdio\n',
    )
    .action(async (flags: PluginsFlags) => {
      const { plugins } = await import('./plugins.js')
      const { terminal, finish } = setting()
      finish(await plugins(flags, terminal))
    })
}

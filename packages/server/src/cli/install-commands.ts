import type { Command } from 'commander'
import type { IncidentsFlags } from './incidents.js'
import type { InstallFlags } from './install.js'
import type { Setting } from './setting.js'

const CLIENTS = '[clients...]'
const WHICH = 'names of clients, as "mcp-vitals status" lists them (default: all)'

/** `install`, its way back, and what is so far. */
export function addInstall(program: Command, setting: () => Setting): void {
  program
    .command('install')
    .description('have the servers in your MCP clients’ configurations watched')
    .argument(CLIENTS, WHICH)
    .option('--dry-run', 'show what would change, and change nothing')
    .option('-y, --yes', 'do not ask')
    .option('--project', 'also the files of the project in this directory, which others may share')
    .option('--http', 'also servers with an address: through the gateway, which then has to run')
    .option('--service', 'also start the daemon at every login')
    .addHelpText('after', '\nExamples:\n  mcp-vitals install --dry-run\n  mcp-vitals install cursor vscode --service\n')
    .action(async (clients: readonly string[], flags: InstallFlags) => {
      const { terminal, finish } = setting()
      finish(await (await import('./install.js')).install(clients, flags, terminal))
    })
  program
    .command('uninstall')
    .description('put the configurations of your MCP clients back as they were')
    .argument(CLIENTS, WHICH)
    .option('--dry-run', 'show what would change, and change nothing')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  mcp-vitals uninstall\n')
    .action(async (clients: readonly string[], flags: InstallFlags) => {
      const { terminal, finish } = setting()
      finish(await (await import('./install.js')).uninstall(clients, flags, terminal))
    })
  program
    .command('status')
    .description('show your MCP clients, their servers, and whether these are watched')
    .option('--incidents', 'show the incidents that the daemon keeps instead, the newest first')
    .option('--component <name>', 'with --incidents: those of one component')
    .option('--json', 'with --incidents: as JSON')
    .option('--url <address>', 'with --incidents: a daemon elsewhere; its admin token in MCP_VITALS_ADMIN_TOKEN')
    .option('--data <directory>', 'with --incidents: state directory of the daemon (dataDir)')
    .action(async (flags: IncidentsFlags & { readonly incidents?: boolean }) => {
      const { terminal } = setting()
      if (flags.incidents) await (await import('./incidents.js')).incidents(flags, terminal)
      else await (await import('./status.js')).status(terminal)
    })
}

import type { Command } from 'commander'
import type { DoctorFlags } from './doctor.js'
import type { Setting } from './setting.js'

/** Declares `doctor`: what is wrong, and how to mend it. */
export function addDoctor(program: Command, setting: () => Setting): void {
  program
    .command('doctor')
    .description('find what is wrong, say why it matters, and how to mend it')
    .usage('[options] [target] [-- command arguments...]')
    .argument('[target]', 'a client’s mcp.json, or the address of one server (default: the configuration)')
    .option('-c, --config <file>', 'configuration, YAML or JSON: our own form, or a client’s mcp.json')
    .option('-p, --port <number>', 'port to listen on (listen.port)')
    .option('--host <address>', 'address to listen on (listen.host)')
    .option('--data <directory>', 'state directory (dataDir)')
    .option('--preset <system>', 'as for up: messaging, letta, commerce, dust, plugins')
    .option('--call <tool>', 'call this tool of each server that has it; it is a real call')
    .option('--args <json>', 'arguments of that call, a JSON object (default: {})')
    .option('--origin <origin>', 'the web page that is to use the servers, as https://app.example.org')
    .option('--plugins <directory>', 'directory with a folder for each plugin; their help is asked for')
    .option('--prometheus <address>', 'Prometheus (default: http://localhost:9090, where it answers)')
    .option('--grafana <address>', 'Grafana; with a token in GRAFANA_TOKEN its data sources are looked at')
    .option('--timeout <seconds>', 'how long one server may take to answer (default: 30)')
    .option('--json', 'the result as JSON')
    .addHelpText(
      'after',
      `
Servers of the configuration are started and asked, as a client does. Nothing is changed.
Exit status: 0 nothing is wrong, 1 warnings, 2 errors.

Examples:
  mcp-vitals doctor
  mcp-vitals doctor --config ~/.cursor/mcp.json
  mcp-vitals doctor http://127.0.0.1:3001/sse --origin https://app.example.org
  mcp-vitals doctor -- npx -y @modelcontextprotocol/server-memory
  mcp-vitals doctor --call search --args '{"query":"ping"}'
`,
    )
    .action(async (target: string | undefined, flags: DoctorFlags) => {
      const { terminal, wrapped, finish } = setting()
      finish(await (await import('./doctor.js')).doctor(target, wrapped, flags, terminal))
    })
}

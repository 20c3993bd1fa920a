import type { Command } from 'commander'
import type { ExportFlags } from './export.js'
import type { Setting } from './setting.js'

/** Declares `export`: what the programs beside us need, made from the configuration. */
export function addExport(program: Command, setting: () => Setting): void {
  program
    .command('export')
    .description('write what other programs need to work with this one, made from the configuration')
    .argument(
      '<target>',
      'prometheus, rules, alertmanager, grafana, compose, kubernetes, logstash, fluentd, loki, systemd, otel-collector, or all',
    )
    .option(
      '-c, --config <file>',
      'configuration, YAML or JSON (default: mcp-vitals.yaml, .yml or .json here, else the one of this user)',
    )
    .option('--preset <system>', 'as for up: messaging, letta, commerce, dust, plugins')
    .option('-o, --out <folder>', 'where the files go (default: standard output, for a single file)')
    .option('--force', 'overwrite files that have another content')
    .addHelpText(
      'after',
      `
docs/export.md tells what each target writes. No secret is written: files name where secrets are read from.

Examples:
  mcp-vitals export prometheus --out deploy
  mcp-vitals export all --preset dust --out deploy
  mcp-vitals export rules > alerts.yml
`,
    )
    .action(async (target: string, flags: ExportFlags) =>
      (await import('./export.js')).exportFiles(target, flags, setting().terminal),
    )
}

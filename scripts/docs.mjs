// Writes the reference pages and the folder deploy/, which follow from the code. `--check` writes nothing and fails when one is not current.
// A further page is one more entry in PAGES.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { auditPage } from './docs/audit.mjs'
import { cliPage } from './docs/cli.mjs'
import { configPage } from './docs/config.mjs'
import { dashboardApiPage } from './docs/dashboard-api.mjs'
import { deployFiles } from './docs/deploy.mjs'
import { derivationsPage } from './docs/derivations.mjs'
import { doctorPage } from './docs/doctor.mjs'
import { errorsPage } from './docs/errors.mjs'
import { eventsPage } from './docs/events.mjs'
import { logPage } from './docs/log.mjs'
import { promqlPage } from './docs/promql.mjs'
import { routesPage } from './docs/routes.mjs'

const root = join(import.meta.dirname, '..')
const built = (path) => import(join(root, 'packages', path))

/** Path of the page → async function that gives its text. */
const PAGES = {
  'docs/reference/audit.md': async () =>
    auditPage(
      await built('server/dist/audit/index.js'),
      (await built('server/dist/audit-log/options.js')).auditOptions.parse({}),
    ),
  'docs/reference/cli.md': async () => cliPage((await built('server/dist/cli/program.js')).createProgram()),
  'docs/reference/config.md': async () => configPage(await built('server/dist/config/index.js')),
  'docs/reference/derivations.md': async () =>
    derivationsPage({
      ...(await built('server/dist/derive/index.js')),
      ...(await built('server/dist/config/index.js')),
      ...(await built('instrument/dist/event/index.js')),
    }),
  'docs/reference/doctor.md': async () => doctorPage(await built('server/dist/doctor/index.js')),
  'docs/reference/errors.md': async () => errorsPage((await built('server/dist/errors/index.js')).ERRORS),
  'docs/reference/events.md': async () => eventsPage(await built('instrument/dist/event/index.js')),
  'docs/reference/events.schema.json': async () =>
    `${JSON.stringify((await built('server/dist/sources/ingest/index.js')).batchSchema(), null, 2)}\n`,
  'docs/reference/log.md': async () =>
    logPage(await built('server/dist/sinks/log/index.js'), await built('instrument/dist/event/index.js')),
  'docs/reference/metrics.md': metricsPage,
  'docs/reference/promql.md': async () => promqlPage(await built('server/dist/promql/index.js')),
  'docs/reference/dashboard-api.md': async () =>
    dashboardApiPage(
      await built('server/dist/app/routes.js'),
      ['api', 'api-views'].map((name) => join(root, `packages/server/src/faces/dashboard/${name}.ts`)),
    ),
  'docs/reference/routes.md': async () => routesPage(await built('server/dist/app/routes.js')),
}

async function metricsPage() {
  const { CATALOGUE, DEFAULT_MAX_SERIES_PER_METRIC, DEFAULT_SERVER_LIMITS, fullName, QUANTILES } = await built(
    'instrument/dist/metrics/index.js',
  )
  const count = (number) => number.toLocaleString('en')
  const sections = [
    ['mcp', 'What the servers do', 'The prefix `mcp` may be replaced in the configuration.'],
    ['mcp_vitals', 'What mcp-vitals itself does', 'These names never change.'],
    [
      'process',
      'The process of mcp-vitals',
      'These names never change: they are those of the Prometheus client libraries.',
    ],
    ['otel', "OpenTelemetry's names", 'Shown where `metrics.opentelemetry` is on. These names never change.'],
  ]
  return [
    '# Metrics',
    '',
    '<!-- Written by scripts/docs.mjs from the catalogue in packages/instrument/src/metrics/catalogue.ts. -->',
    '',
    'Everything that `/metrics` exposes: in the Prometheus text format, or in OpenMetrics 1.0, with exemplars, where the',
    '`Accept` header asks for it.',
    '',
    '## Labels',
    '',
    '- `server` is the name in the configuration; so is `endpoint`.',
    `- A \`method\` that MCP (or, for \`mcp_http_*\`, HTTP) does not have is \`other\`.`,
    '- A `tool` that neither its server listed nor a successful call proved is `unknown`. Known tools start at 0 and end' +
      ' when a complete list lacks them.',
    `- A server's tools beyond ${count(DEFAULT_SERVER_LIMITS.maxTools)}, and what finds no room in a metric that holds` +
      ` ${count(DEFAULT_MAX_SERIES_PER_METRIC)} series, are \`other\`; \`mcp_vitals_label_overflow_total\` counts them.`,
    `- So are all values but the first ${count(DEFAULT_SERVER_LIMITS.maxLabelValues)} of a server's labels that senders fill:` +
      ' channels, plugins, commands, paths, reasons and the like.',
    '',
    '## Views',
    '',
    '`metrics.labels` names the labels that a metric keeps. Series that differ in other labels only become one, by the way',
    'that stands with the metric. A summary of which the view drops a label shows `_sum` and `_count` alone.',
    '',
    '## Providers',
    '',
    'Each provider that the configuration names has metrics of its own, such as `mcp_dust_api_requests_total`,',
    '`mcp_dust_api_request_duration_seconds` and `mcp_dust_api_errors_total` for `dustApi`, with the labels of',
    '`mcp_provider_requests_total` and its like without `provider`. The `provider` events of applications and derivations',
    'move them; our own health checks of a provider move `mcp_probe_*` alone.',
    ...sections.flatMap(([scope, title, about]) => [
      '',
      `## ${title}`,
      '',
      about,
      ...Object.values(CATALOGUE[scope]).flatMap((metric) => ['', ...metricEntry(metric, fullName(metric), QUANTILES)]),
    ]),
    '',
  ].join('\n')
}

function metricEntry({ type, unit, labels, help, buckets, merge, otelName }, name, quantiles) {
  const facts = [
    `${type[0].toUpperCase()}${type.slice(1)}${unit ? `, ${unit}` : ''}`,
    labels.length > 0 ? `labels ${labels.map((label) => `\`${label}\``).join(', ')}` : 'no labels',
    `merged by ${merge}`,
  ]
  return [
    `### \`${name}\``,
    '',
    help,
    '',
    `${facts.join('; ')}.`,
    ...(buckets.length > 0 ? [`Buckets: ${buckets.join(', ')}.`] : []),
    ...(type === 'summary' ? [`Quantiles over the last 10 minutes: ${quantiles.join(', ')}.`] : []),
    ...(otelName ? [`OpenTelemetry: \`${otelName}\`.`] : []),
  ]
}

const check = process.argv.includes('--check')
const pages = await Promise.all(Object.entries(PAGES).map(async ([path, render]) => [path, await render()]))
const deployed = deployFiles(
  await built('server/dist/export/index.js'),
  await built('server/dist/config/index.js'),
  (await built('server/dist/config/preset.js')).PRESETS,
)
for (const [path, page] of [...pages, ...Object.entries(deployed)]) {
  const file = join(root, path)
  if (existsSync(file) && readFileSync(file, 'utf8') === page) continue
  if (check) {
    console.error(`${path} is not current: run "npm run build && node scripts/docs.mjs"`)
    process.exitCode = 1
  } else {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, page)
    console.log(`wrote ${path}`)
  }
}

/**
 * What the documentation site has, in the order of its navigation: sections of pages, each by its file in the repository and
 * the words that lead to it. A page below docs/ that is not here, or a page here that is not there, fails the build.
 */
export const SECTIONS = [
  {
    title: 'Start',
    pages: [
      ['README.md', 'Quick start'],
      ['docs/concepts.md', 'Concepts'],
      ['docs/dashboard.md', 'The dashboard'],
      ['docs/comparison.md', 'Beside its peers'],
    ],
  },
  {
    title: 'Guides by who you are',
    pages: [
      ['docs/install.md', 'You use MCP servers in a client'],
      ['docs/operations.md', 'You operate servers'],
      ['docs/plugins.md', 'You have scripts'],
      ['docs/agents.md', 'You have an agent'],
      ['docs/library.md', 'You write a server in TypeScript'],
      ['clients/python/README.md', 'You write a server in Python'],
      ['examples/README.md', 'Servers to copy'],
    ],
  },
  {
    title: 'Guides by system',
    pages: [
      ['docs/guides/messaging.md', 'Messaging'],
      ['docs/guides/letta.md', 'Letta'],
      ['docs/guides/commerce.md', 'Commerce'],
      ['docs/guides/dust.md', 'Dust'],
      ['docs/guides/plugins.md', 'Plugins'],
    ],
  },
  {
    title: 'What it does',
    pages: [
      ['docs/health.md', 'Health'],
      ['docs/alerts.md', 'Alerts'],
      ['docs/anomalies.md', 'Anomalies'],
      ['docs/budgets.md', 'Budgets'],
      ['docs/context-cost.md', 'Context cost'],
      ['docs/audit.md', 'Audit log'],
      ['docs/doors.md', 'Doors'],
      ['docs/http-sse.md', 'HTTP+SSE'],
      ['docs/top.md', 'In a terminal'],
      ['docs/export.md', 'Prometheus, Grafana and others'],
      ['docs/push.md', 'Pushing to Loki, OTLP and Prometheus'],
    ],
  },
  {
    title: 'When something is wrong',
    pages: [
      ['docs/troubleshooting.md', 'Troubleshooting'],
      ['docs/doctor.md', 'The doctor'],
    ],
  },
  {
    title: 'Trust',
    pages: [
      ['docs/security.md', 'Security model'],
      ['docs/privacy.md', 'Privacy'],
      ['docs/performance.md', 'Performance'],
      ['docs/proofs.md', 'Long proofs'],
      ['docs/conformance.md', 'Conformance'],
      ['docs/dependencies.md', 'Dependencies'],
    ],
  },
  {
    title: 'Reference',
    pages: [
      ['docs/reference/cli.md', 'Commands'],
      ['docs/reference/config.md', 'Configuration'],
      ['docs/reference/metrics.md', 'Metrics'],
      ['docs/reference/events.md', 'Events'],
      ['docs/reference/errors.md', 'Errors'],
      ['docs/reference/routes.md', 'Routes'],
      ['docs/reference/health-api.md', 'Health API'],
      ['docs/reference/query-api.md', 'Query API'],
      ['docs/reference/dashboard-api.md', 'Dashboard API'],
      ['docs/reference/ingest.md', 'Ingest'],
      ['docs/reference/derivations.md', 'Derivations'],
      ['docs/reference/log.md', 'Log'],
      ['docs/reference/rules.md', 'Rules'],
      ['docs/reference/promql.md', 'PromQL'],
      ['docs/reference/audit.md', 'Audit'],
      ['docs/audit-log-format.md', 'Audit log format'],
      ['docs/reference/doctor.md', 'Troubles of the doctor'],
    ],
  },
  {
    title: 'Work on it',
    pages: [
      ['ARCHITECTURE.md', 'Architecture'],
      ['CONTRIBUTING.md', 'Contributing'],
    ],
  },
]

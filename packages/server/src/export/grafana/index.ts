import type { ExportTarget } from '../contract.js'
import { prometheusPort } from '../prometheus/index.js'
import { heading, yamlFile } from '../text.js'
import { BOARDS } from './boards/index.js'
import { dashboardOf } from './dashboard.js'

/** Where Grafana finds the dashboards: its own place for what is provisioned. */
const FOLDER = '/var/lib/grafana/dashboards'

export const grafana: ExportTarget = {
  name: 'grafana',
  about: 'dashboards of Grafana, and the files by which it finds them and Prometheus at its start',
  files(subject) {
    const head = (notes: readonly string[]) => heading(subject, 'grafana', notes)
    const source = {
      apiVersion: 1,
      datasources: [
        {
          name: 'Prometheus',
          type: 'prometheus',
          access: 'proxy',
          url: '$PROMETHEUS_URL',
          isDefault: true,
          jsonData: { timeInterval: `${subject.scrape.intervalMs / 1000}s`, httpMethod: 'POST' },
        },
      ],
    }
    const dashboards = {
      apiVersion: 1,
      providers: [{ name: subject.name, folder: 'MCP', type: 'file', options: { path: FOLDER } }],
    }
    return [
      {
        path: 'grafana/provisioning/datasources/prometheus.yaml',
        text: yamlFile(head([`Set PROMETHEUS_URL, such as http://localhost:${prometheusPort(subject)}.`]), source),
      },
      {
        path: 'grafana/provisioning/dashboards/mcp.yaml',
        text: yamlFile(head([`The dashboards are expected in ${FOLDER}.`]), dashboards),
      },
      ...BOARDS.map((board) => ({
        path: `grafana/dashboards/${board.slug}.json`,
        text: jsonOf(dashboardOf(board, subject)),
      })),
    ]
  },
}

/** A key a line, and a panel a line: so that a person can read it, and a change of it. */
function jsonOf(dashboard: object): string {
  const lines = Object.entries(dashboard).map(([key, value]) => {
    const text =
      key === 'panels'
        ? `[\n    ${value.map((panel: object) => JSON.stringify(panel)).join(',\n    ')}\n  ]`
        : JSON.stringify(value)
    return `  ${JSON.stringify(key)}: ${text}`
  })
  return `{\n${lines.join(',\n')}\n}\n`
}

import type { ExportTarget, Subject } from '../contract.js'
import { CONFIG_NOTES, daemonConfig, PLACES, portsOf } from '../daemon.js'
import { prometheusConfig, prometheusPort, rulesIn, scrapeJob } from '../prometheus/index.js'
import { RULE_FILE } from '../rules/index.js'
import { heading, yamlFile } from '../text.js'

const NOTES = [
  'Start it with "docker compose up --detach --wait" in this folder, with MCP_VITALS_ADMIN_TOKEN and GRAFANA_ADMIN_PASSWORD set.',
  'It reads the files of the targets prometheus, alertmanager and grafana beside it.',
]

export const compose: ExportTarget = {
  name: 'compose',
  about: 'Compose: our image, Prometheus, Alertmanager and Grafana, and the Dockerfile of our image',
  files(subject) {
    const head = (notes: readonly string[]) => heading(subject, 'compose', notes)
    const { name, metrics } = subject
    const jobs = [scrapeJob(subject, `${name}:${metrics.port}`)]
    return [
      { path: 'compose/compose.yaml', text: yamlFile(head(NOTES), composeFile(subject)), rulesIn: mountedRules },
      { path: 'compose/Dockerfile', text: `${head([])}${dockerfile(subject)}` },
      { path: 'compose/mcp-vitals.yaml', text: yamlFile(head(CONFIG_NOTES), daemonConfig(subject, [name])) },
      {
        path: 'compose/prometheus.yml',
        text: yamlFile(head([]), prometheusConfig(subject, jobs, 'alertmanager:9093')),
        rulesIn,
      },
    ]
  },
}

/** The rule files that a file of Compose gives Prometheus. */
const mountedRules = (text: string): readonly string[] =>
  [...text.matchAll(/ \.\.\/prometheus\/([^:\n]+):\/etc\/prometheus\//g)].map(([, name = '']) => name)

function composeFile(subject: Subject): object {
  const { name, version, ruleFiles } = subject
  const port = prometheusPort(subject)
  // Who opens the daemon to scrapers of other machines means Prometheus to be reached as well.
  const published = subject.openScrape ? '' : '127.0.0.1:'
  const rules = [RULE_FILE, ...ruleFiles.map(({ path }) => path)]
  const shared = { restart: 'unless-stopped' }
  return {
    services: {
      [name]: {
        build: '.',
        image: `mcp-vitals:${version}`,
        environment: {
          MCP_VITALS_ADMIN_TOKEN: `\${MCP_VITALS_ADMIN_TOKEN:?make one with openssl rand -hex 32}`,
        },
        volumes: [`./mcp-vitals.yaml:${PLACES.config}:ro`, 'mcp_vitals_data:/var/lib/mcp-vitals'],
        ports: portsOf(subject).map((one) => `127.0.0.1:${one.port}:${one.port}`),
        read_only: true,
        tmpfs: ['/tmp'],
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        stop_grace_period: '30s',
        ...shared,
      },
      prometheus: {
        image: 'prom/prometheus:latest',
        command: [
          '--config.file=/etc/prometheus/prometheus.yml',
          '--storage.tsdb.path=/prometheus',
          '--web.console.libraries=/usr/share/prometheus/console_libraries',
          '--web.console.templates=/usr/share/prometheus/consoles',
          ...(port === 9090 ? [] : [`--web.listen-address=:${port}`]),
        ],
        volumes: [
          './prometheus.yml:/etc/prometheus/prometheus.yml:ro',
          ...rules.map((file) => `../prometheus/${file}:/etc/prometheus/${file}:ro`),
          'prometheus_data:/prometheus',
        ],
        ports: [`${published}${port}:${port}`],
        ...shared,
      },
      alertmanager: {
        image: 'prom/alertmanager:latest',
        volumes: [
          '../alertmanager/alertmanager.yml:/etc/alertmanager/alertmanager.yml:ro',
          './secrets:/etc/alertmanager/secrets:ro',
          'alertmanager_data:/alertmanager',
        ],
        ports: ['127.0.0.1:9093:9093'],
        ...shared,
      },
      grafana: {
        image: 'grafana/grafana:latest',
        environment: {
          GF_SECURITY_ADMIN_PASSWORD: `\${GRAFANA_ADMIN_PASSWORD:?choose one}`,
          GF_ANALYTICS_REPORTING_ENABLED: 'false',
          PROMETHEUS_URL: `http://prometheus:${port}`,
        },
        volumes: [
          '../grafana/provisioning:/etc/grafana/provisioning:ro',
          '../grafana/dashboards:/var/lib/grafana/dashboards:ro',
          'grafana_data:/var/lib/grafana',
        ],
        ports: ['127.0.0.1:3000:3000'],
        depends_on: ['prometheus'],
        ...shared,
      },
    },
    volumes: { mcp_vitals_data: {}, prometheus_data: {}, alertmanager_data: {}, grafana_data: {} },
  }
}

/** Node's own small image, with npm, so that servers can be started by npx. */
function dockerfile(subject: Subject): string {
  return `FROM node:22-alpine AS build
# A file of "npm pack" in this folder will do as well: --build-arg PACKAGE=./mcp-vitals-${subject.version}.tgz
ARG PACKAGE=mcp-vitals@${subject.version}
WORKDIR /package
# This file goes along, since a copy of nothing is an error.
COPY Dockerfile *.tgz ./
RUN npm install --global --prefix /opt/mcp-vitals --omit=dev --ignore-scripts --no-audit --no-fund "$PACKAGE"

FROM node:22-alpine
COPY --from=build /opt/mcp-vitals /opt/mcp-vitals
# What is checked beside the daemon, which the check finds by its state directory: nothing.
RUN mkdir -p /etc/mcp-vitals && printf 'servers: {}\\n' > /etc/mcp-vitals/healthcheck.yaml \\
  && mkdir -m 0700 /var/lib/mcp-vitals && chown node:node /var/lib/mcp-vitals
ENV NODE_ENV=production
ENV PATH=/opt/mcp-vitals/bin:$PATH
ENV MCP_VITALS_DATA=${PLACES.data}
USER node
WORKDIR /home/node
VOLUME /var/lib/mcp-vitals
EXPOSE ${portsOf(subject)
    .map(({ port }) => port)
    .join(' ')}
HEALTHCHECK --interval=30s --timeout=10s --start-period=15s --retries=3 \\
  CMD ["mcp-vitals", "check", "--once", "--config", "/etc/mcp-vitals/healthcheck.yaml"]
ENTRYPOINT ["mcp-vitals"]
CMD ["up", "--config", "${PLACES.config}"]
`
}

import { formatDuration } from '../../promql/index.js'
import type { ExportTarget, LogSubject } from '../contract.js'
import { scrapeJob } from '../prometheus/index.js'
import { heading, writtenBy, yamlFile } from '../text.js'

export const otelCollector: ExportTarget = {
  name: 'otel-collector',
  about: 'configuration of the OpenTelemetry Collector: the metrics scraped, the log read, both sent on by OTLP',
  files: (subject) => [
    {
      path: 'otel-collector/config.yaml',
      text: yamlFile(
        heading(subject, 'otel-collector', [
          writtenBy(subject.log),
          'Needs the distribution "contrib". OTLP_ENDPOINT names where everything goes, such as https://otlp.example.com:4318.',
        ]),
        {
          receivers: {
            prometheus: {
              config: {
                global: { scrape_interval: formatDuration(subject.scrape.intervalMs) },
                scrape_configs: [scrapeJob(subject, subject.scrape.target)],
              },
            },
            filelog: { include: [subject.log.file], start_at: 'end', operators: operatorsOf(subject.log) },
          },
          processors: {
            memory_limiter: { check_interval: '1s', limit_mib: 256 },
            resource: { attributes: [{ key: 'service.name', value: subject.name, action: 'upsert' }] },
            batch: {},
          },
          exporters: { otlphttp: { endpoint: `\${env:OTLP_ENDPOINT}` } },
          service: {
            pipelines: {
              metrics: pipeline('prometheus'),
              logs: pipeline('filelog'),
            },
          },
        },
      ),
    },
  ],
}

const pipeline = (receiver: string) => ({
  receivers: [receiver],
  processors: ['memory_limiter', 'resource', 'batch'],
  exporters: ['otlphttp'],
})

function operatorsOf({ text, levelKey, timeKey, isPythonTime }: LogSubject): readonly object[] {
  const timestamp = {
    parse_from: `attributes.${timeKey}`,
    layout_type: 'gotime',
    layout: isPythonTime ? '2006-01-02 15:04:05,000' : '2006-01-02T15:04:05Z07:00',
  }
  const severity = { parse_from: `attributes.${levelKey}` }
  if (text === undefined) return [{ type: 'json_parser', timestamp, severity }]
  const { hasTime, isPython } = text
  const stamp = !hasTime ? '' : isPython ? `(?P<${timeKey}>\\S+ \\S+) - ` : `(?P<${timeKey}>\\S+) `
  const rest = isPython ? `\\S+ - (?P<${levelKey}>[A-Z]+) - ` : `(?P<${levelKey}>[A-Z]+): `
  return [{ type: 'regex_parser', regex: `^${stamp}${rest}(?P<message>.*)$`, ...(hasTime && { timestamp }), severity }]
}

import type { ExportTarget, LogSubject } from '../contract.js'
import { heading, writtenBy } from '../text.js'

export const fluentd: ExportTarget = {
  name: 'fluentd',
  about: 'configuration of Fluentd: the log to Elasticsearch, an index a day',
  files: (subject) => [
    {
      path: 'fluentd/fluent.conf',
      text: `${heading(subject, 'fluentd', [writtenBy(subject.log), 'Needs fluent-plugin-elasticsearch.'])}${pipeline(subject.log, subject.name)}`,
    },
  ],
}

function pipeline(log: LogSubject, name: string): string {
  const pattern = log.errors.map((word) => `^${word}$`).join('|')
  return `<source>
  @type tail
  path ${log.file}
  pos_file /var/lib/fluentd/${name}.pos
  tag ${name}
  <parse>
${parser(log)}  </parse>
</source>

<filter ${name}>
  @type record_transformer
  enable_ruby true
  <record>
    tags \${/${pattern}/.match?(record["${log.levelKey}"].to_s) ? ["error"] : []}
  </record>
</filter>

<match ${name}>
  @type elasticsearch
  host elasticsearch
  port 9200
  logstash_format true
  logstash_prefix ${name}
  <buffer>
    @type file
    path /var/lib/fluentd/${name}.buffer
    total_limit_size 512m
    retry_max_interval 60s
  </buffer>
</match>
`
}

function parser({ text, levelKey, timeKey, isPythonTime }: LogSubject): string {
  const timed = `    time_key ${timeKey}
    time_type string
${isPythonTime ? '    time_format %Y-%m-%d %H:%M:%S,%L\n' : ''}    utc true
    keep_time_key true
`
  if (text === undefined) return `    @type json\n${timed}`
  const { hasTime, isPython } = text
  const stamp = !hasTime ? '' : isPython ? `(?<${timeKey}>\\S+ \\S+) - ` : `(?<${timeKey}>\\S+) `
  const rest = isPython ? `(?<name>\\S+) - (?<${levelKey}>[A-Z]+) - ` : `(?<${levelKey}>[A-Z]+): `
  return `    @type regexp
    expression /^${stamp}${rest}(?<message>.*)$/
${hasTime ? timed : ''}`
}

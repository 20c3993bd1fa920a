import type { ExportTarget, LogSubject } from '../contract.js'
import { heading, writtenBy } from '../text.js'

export const logstash: ExportTarget = {
  name: 'logstash',
  about: 'pipeline of Logstash: the log to Elasticsearch, an index a day',
  files: (subject) => [
    {
      path: 'logstash/logstash.conf',
      text: `${heading(subject, 'logstash', [writtenBy(subject.log)])}${pipeline(subject.log, subject.name)}`,
    },
  ],
}

function pipeline(log: LogSubject, name: string): string {
  const isError = log.errors.map((word) => `[${log.levelKey}] == "${word}"`).join(' or ')
  return `input {
  file {
    path => "${log.file}"
    codec => ${log.isJson ? 'json' : 'plain'}
  }
}

filter {
${log.text === undefined ? '' : dissected(log.text, log)}${dated(log)}  if ${isError} {
    mutate { add_tag => ["error"] }
  }
}

output {
  elasticsearch {
    hosts => ["elasticsearch:9200"]
    index => "${name}-%{+YYYY.MM.dd}"
  }
}
`
}

function dissected({ hasTime, isPython }: NonNullable<LogSubject['text']>, { levelKey, timeKey }: LogSubject): string {
  const time = !hasTime ? '' : isPython ? `%{${timeKey}} %{+${timeKey}} - ` : `%{${timeKey}} `
  const rest = isPython ? `%{name} - %{${levelKey}} - %{message}` : `%{${levelKey}}: %{message}`
  return `  dissect {
    mapping => { "message" => "${time}${rest}" }
  }
`
}

function dated({ text, timeKey, isPythonTime }: LogSubject): string {
  if (text?.hasTime === false) return ''
  return `  date {
    match => ["${timeKey}", "${isPythonTime ? 'yyyy-MM-dd HH:mm:ss,SSS' : 'ISO8601'}"]
    timezone => "UTC"
  }
`
}

import type { ExportTarget, LogSubject } from '../contract.js'
import { heading, writtenBy } from '../text.js'

export const loki: ExportTarget = {
  name: 'loki',
  about: 'configuration of Grafana Alloy: the log to Loki, with the level as its one label of lines',
  files: (subject) => [
    {
      path: 'loki/config.alloy',
      text: `${heading(subject, 'loki', [writtenBy(subject.log)], '//')}${pipeline(subject.log, subject.name, subject.scrape.job)}`,
    },
  ],
}

function pipeline(log: LogSubject, name: string, job: string): string {
  const { levelKey, timeKey, text } = log
  const hasTime = text?.hasTime !== false
  return `
local.file_match "mcp_vitals" {
  path_targets = [{ "__path__" = ${JSON.stringify(log.file)}, "job" = ${JSON.stringify(job)}, "service_name" = ${JSON.stringify(name)} }]
}

loki.source.file "mcp_vitals" {
  targets    = local.file_match.mcp_vitals.targets
  forward_to = [loki.process.mcp_vitals.receiver]
}

loki.process "mcp_vitals" {
${parsed(log)}
  stage.template {
    source   = "level"
    template = "{{ ToLower .Value }}"
  }

  stage.labels {
    values = { "level" = "" }
  }
${hasTime ? dated(log) : ''}
  forward_to = [loki.write.mcp_vitals.receiver]
}

loki.write "mcp_vitals" {
  endpoint {
    url = "http://loki:3100/loki/api/v1/push"
  }
}
`
  function parsed({ text: lines }: LogSubject): string {
    if (lines === undefined) {
      const time = timeKey === 'timestamp' ? '' : `, "timestamp" = ${JSON.stringify(timeKey)}`
      const stamp = time === '' ? ', "timestamp" = ""' : time
      const level = levelKey === 'level' ? '""' : JSON.stringify(levelKey)
      return `  stage.json {
    expressions = { "level" = ${level}${stamp} }
  }
`
    }
    const stamp = !lines.hasTime ? '' : lines.isPython ? '(?P<timestamp>\\\\S+ \\\\S+) - ' : '(?P<timestamp>\\\\S+) '
    const rest = lines.isPython ? '\\\\S+ - (?P<level>[A-Z]+) - ' : '(?P<level>[A-Z]+): '
    return `  stage.regex {
    expression = "^${stamp}${rest}"
  }
`
  }
}

function dated({ isPythonTime }: LogSubject): string {
  return `
  stage.timestamp {
    source = "timestamp"
    format = ${isPythonTime ? '"2006-01-02 15:04:05,000"' : '"RFC3339Nano"'}
  }
`
}

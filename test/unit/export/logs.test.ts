/**
 * What log shippers are given. None of them runs here: the forms are held against real lines, and what a pattern cannot
 * match would be found here.
 */
import { describe, expect, test } from 'vitest'
import { formatFor } from '../../../packages/server/src/sinks/log/index.js'
import { promises } from '../../requirements.js'
import { CASES, exported, subject, textOf, yamlOf } from './support.js'

const AT = Date.UTC(2026, 1, 15, 12, 0, 0, 7)
/** Whose lines a preset has, and whether they are text. */
const FORMS = {
  '': 'mcp-vitals',
  messaging: 'messaging',
  letta: 'letta',
  commerce: 'mcp-vitals',
  dust: 'dust',
  plugins: 'plugins',
} as const

/** A line of an error as the daemon writes it. */
function lineOf(preset: keyof typeof FORMS, format: 'json' | 'text', timestamps = true): string {
  const line = { source: 'error', level: 'error', at: AT, event: 'error', message: 'It failed', fields: {} } as const
  return formatFor({ form: FORMS[preset], format, timestamps }, false)(line).trimEnd()
}

/** The patterns of Go and Ruby name their groups otherwise. */
const asPattern = (source: string) => new RegExp(source.replaceAll('?P<', '?<').replaceAll('\\\\', '\\'))

test(promises('D8.logstash.input', 'D8.logstash.error-tag', 'D8.logstash.output', 'D8.logstash.index'), () => {
  const text = textOf(exported('logstash', 'dust'), 'logstash/logstash.conf')
  expect(text).toMatch(
    /input \{\n {2}file \{\n {4}path => "\/var\/log\/mcp-dust-server\/server\.log"\n {4}codec => json\n/,
  )
  expect(text).toMatch(/if \[level\] == "error" or .*\{\n {4}mutate \{ add_tag => \["error"\] \}/)
  expect(text).toMatch(
    /elasticsearch \{\n {4}hosts => \["elasticsearch:9200"\]\n {4}index => "mcp-dust-server-%\{\+YYYY\.MM\.dd\}"/,
  )
})

test(promises('D8.fluentd'), () => {
  const text = textOf(exported('fluentd', 'dust'), 'fluentd/fluent.conf')
  expect(text).toContain('path /var/log/mcp-dust-server/server.log')
  expect(text).toContain('@type json')
  expect(text).toMatch(
    /tags \$\{\/\^error\$\|\^critical\$\/\.match\?\(record\["level"\]\.to_s\) \? \["error"\] : \[\]\}/,
  )
  expect(text).toMatch(
    /host elasticsearch\n {2}port 9200\n {2}logstash_format true\n {2}logstash_prefix mcp-dust-server/,
  )
})

test(promises('D8.loki'), () => {
  const text = textOf(exported('loki', 'dust'), 'loki/config.alloy')
  expect(text).toContain('"__path__" = "/var/log/mcp-dust-server/server.log"')
  expect(text).toMatch(/stage\.json \{\n {4}expressions = \{ "level" = "", "timestamp" = "" \}/)
  expect(text).toContain('url = "http://loki:3100/loki/api/v1/push"')
})

describe.each(CASES)('preset "%s"', (preset) => {
  const { log } = subject(preset)
  const line = lineOf(preset, log.isJson ? 'json' : 'text')

  test('the keys of a line, or its parts, are those that the shippers look for', () => {
    const files = ['logstash', 'fluentd', 'loki', 'otel-collector'].flatMap((target) => exported(target, preset))
    for (const { path, text } of files) expect(text, path).toContain(`LOG_FILE=${log.file}`)
    if (log.isJson) {
      const read = JSON.parse(line) as Record<string, string>
      expect(log.errors).toContain(read[log.levelKey])
      expect(read[log.timeKey]).toMatch(log.isPythonTime ? /^2026-02-15 12:00:00,007$/ : /^2026-02-15T12:00:00/)
      return
    }
    for (const pattern of patternsOf(preset))
      expect(pattern.exec(line)?.groups).toMatchObject({ level: 'ERROR', timestamp: '2026-02-15T12:00:00.007Z' })
  })
})

/** The patterns that read lines of text, of each shipper that has one. */
function patternsOf(preset: string, values?: object): readonly RegExp[] {
  const fluentd = /expression \/(.*)\/$/m.exec(textOf(exported('fluentd', preset, values), 'fluentd/fluent.conf'))
  const loki = /expression = "(.*)"$/m.exec(textOf(exported('loki', preset, values), 'loki/config.alloy'))
  const [operator] = yamlOf(exported('otel-collector', preset, values), 'otel-collector/config.yaml').receivers.filelog
    .operators
  return [fluentd?.[1], loki?.[1], operator.regex].map((source: string) => asPattern(source))
}

test.each([
  ['plugins', true],
  ['plugins', false],
  ['', true],
  ['dust', false],
] as const)('lines of text in the form of "%s", with the time: %s', (preset, timestamps) => {
  const values = { log: { format: 'text', timestamps } }
  const line = lineOf(preset, 'text', timestamps)
  for (const pattern of patternsOf(preset, values)) {
    const { groups = {} } = pattern.exec(line) ?? {}
    expect(groups.level ?? groups.levelname).toBe('ERROR')
    expect(groups.timestamp !== undefined).toBe(timestamps)
  }
  const logstash = textOf(exported('logstash', preset, values), 'logstash/logstash.conf')
  expect(logstash.includes('date {')).toBe(timestamps)
  expect(logstash).toContain('codec => plain')
})

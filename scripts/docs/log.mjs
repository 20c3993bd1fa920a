/** The log page, from the table of forms and the one reading of every event. */
export function logPage({ FORMS, lineOf, formatFor }, { EVENTS, ENVELOPE }) {
  // The form `plugins` writes local time: the page is the same wherever it is made.
  process.env.TZ = 'UTC'
  const format = (form, kind) => formatFor({ form, format: kind, timestamps: true }, false)
  const lines = Object.keys(EVENTS).map((type) => [
    type,
    lineOf(example(type, { ...ENVELOPE, ...EVENTS[type].fields }), (_, level) => level),
  ])
  const shown = Object.fromEntries(lines)
  return [
    '# The log',
    '',
    '<!-- Written by scripts/docs.mjs from packages/server/src/sinks/log. -->',
    '',
    'One line for each thing that happened, on standard output and, where [`log.file`](config.md) names one, in a file.',
    'Lines hold names, sizes, durations and outcomes; what looks like a secret or a personal datum in a name stands as its',
    'kind in brackets, such as `[email]` or `[key]`, and a sentence in a name’s place as `[text]`. Messages of errors that',
    'others wrote are left out unless `log.rawErrors` switches them on; class, code and our own frames stay.',
    '',
    'The file of the configured name always has the newest lines; at `log.maxSizeBytes` it becomes `<file>.1`, that `<file>.2`',
    'and so on, at most `log.maxFiles` with the current one. A destination that fails stops nothing: lines that it lost are',
    'counted, and a warning `log_recovered` tells of them when it works again.',
    '',
    '## Forms',
    '',
    'Set by `log.form`. `log.format: auto` is text for `letta`, JSON for the others, and for `mcp-vitals` text on a terminal.',
    ...Object.entries(FORMS).flatMap(([name, { doc }]) => [
      '',
      `### ${name}`,
      '',
      doc,
      '',
      '```',
      ...['session.opened', 'request.ended', 'message'].map((type) =>
        format(name, name === 'letta' ? 'text' : 'json')(shown[type]).trimEnd(),
      ),
      '```',
    ]),
    '',
    '## Lines',
    '',
    'Every event in the form `mcp-vitals`. A failed call is `error` where its status is 500 or more, else `warning`; other',
    'levels follow the outcome in the same way.',
    '',
    '| event | level | `event` | sentence |',
    '| --- | --- | --- | --- |',
    ...lines.map(([type, { level, event, message }]) => `| \`${type}\` | ${level} | \`${event}\` | ${message} |`),
    '',
  ].join('\n')
}

const TEXTS = {
  server: 'notes',
  session: '5f0c',
  agent: 'agent-001',
  method: 'tools/call',
  name: 'add',
  channel: 'sms',
  plugin: 'botfather',
  command: 'click-button',
  path: '/mcp/notes',
}

function example(type, fields) {
  const left = new Set([
    'derived',
    'traceId',
    'transport',
    'side',
    'exitCode',
    'signal',
    'errorCode',
    'errorType',
    'waitMs',
    'rounds',
    'task',
    'progress',
  ])
  const values = Object.entries(fields).flatMap(([name, field]) =>
    field.optional && left.has(name) ? [] : [[name, sampleOf(type, name, field)]],
  )
  return { v: 1, type, ...Object.fromEntries(values) }
}

function sampleOf(type, name, { kind, choices }) {
  if (name === 'at') return Date.UTC(2026, 1, 15, 12)
  if (type === 'http' && name === 'method') return 'POST'
  if (name === 'status') return 200
  if (kind === 'choice') return choices[0]
  if (kind === 'number') return name === 'durationMs' ? 45 : 1
  if (kind === 'flag') return name !== 'crashed'
  return kind === 'texts' ? ['add'] : (TEXTS[name] ?? name)
}

import { readFileSync } from 'node:fs'

/**
 * The reference of the dashboard's documents, read off their types: what a field means stands there, and nowhere else.
 * The sources are formatted, so that one line has one thing.
 */
export function dashboardApiPage({ ROUTES }, files) {
  const declared = files.flatMap((file) => declarationsIn(readFileSync(file, 'utf8')))
  const rows = Object.values(ROUTES)
    .filter(({ path }) => path.startsWith('/admin/api/') || path.startsWith('/admin/dashboard'))
    .map(({ method, path }) => `| \`${path}\` | ${method} |`)
  return [
    '# The dashboard’s API',
    '',
    '<!-- Written by scripts/docs.mjs from packages/server/src/faces/dashboard/api.ts and api-views.ts. -->',
    '',
    'What the page at `/admin/dashboard` reads, for programs too. [dashboard.md](../dashboard.md) says who may ask, and',
    '[routes.md](routes.md) which credential each route takes.',
    '',
    'Times that end in `At`, and `at`, `from`, `to` and `until`, are milliseconds since 1970-01-01 UTC. The unit of any other',
    'number ends its name: `Ms`, `Seconds`, `Bytes`, `Tokens`, `Usd`, `PerSecond`; a `Ratio` is a share from 0 to 1; a name',
    'without a unit counts. What is not known is absent, never 0. Within version 1 fields may be added; none goes or changes its',
    'meaning. Names, versions and texts come from servers and clients, who may be hostile: show them as text alone.',
    '',
    'An answer with a status of 400 and more is `{"error": "a sentence"}`. Calls by tool are counted by this process and kept by',
    'hour (48 of them) and day (30), written each five minutes and at a stop; after a kill the calls since then are read from',
    'the store and counted anew, 50,000 of them at most.',
    'Names of tools count once their server named them or a call of them succeeded, else as `unknown`. Tables and single things',
    'read full labels, whatever a preset shows, and so does the PromQL below `/admin/api/v1/`; with `labels=view` it asks',
    'the series that `/metrics` shows, which are those of the rules.',
    '',
    '| path | method |',
    '| --- | --- |',
    ...rows,
    '',
    ...declared.flatMap(({ name, doc, base, fields }) => [
      `## ${name}`,
      '',
      ...(doc ? [doc, ''] : []),
      ...(base ? [`With the fields of ${base}.`, ''] : []),
      ...(fields.length > 0
        ? ['| field | type | what |', '| --- | --- | --- |', ...fields.map((field) => fieldRow(field)), '']
        : []),
    ]),
  ].join('\n')
}

const fieldRow = ({ path, type, doc }) =>
  `| \`${path}\` | \`${type.replaceAll('|', '\\|')}\` | ${doc.replaceAll('|', '\\|')} |`

/** Exported interfaces and types of a source. */
function declarationsIn(source) {
  const found = []
  let comment = []
  let isInComment = false
  let current
  let groups = []
  let fieldDoc = ''
  for (const line of source.split('\n')) {
    const text = line.trim()
    const single = /^\/\*\* (.*) \*\/$/.exec(text)
    if (single || isInComment || text.startsWith('/**')) {
      if (single) comment = [single[1]]
      else if (text.startsWith('/**')) [comment, isInComment] = [[], true]
      else if (text === '*/') isInComment = false
      else comment.push(text.replace(/^\* ?/, ''))
      fieldDoc = comment.join(' ').trim()
      continue
    }
    const begun = /^export (?:interface|type) (\w+)(?: extends ([\w, ]+))?(?: \{$| = (.*)$)/.exec(text)
    if (begun) {
      const [, name, base, alias] = begun
      current = { name, base, doc: fieldDoc, fields: [] }
      if (alias !== undefined) current.doc = [current.doc, `\`${alias}\``].filter(Boolean).join(' ')
      found.push(current)
      if (alias !== undefined) current = undefined
      groups = []
    } else if (current) {
      const field = /^readonly (\w+)(\??): (.+)$/.exec(text)
      if (field) {
        const [, name, optional, type] = field
        const path = [...groups, name].join('.') + (optional ? '?' : '')
        if (type === '{') groups.push(name)
        else current.fields.push({ path, type, doc: fieldDoc })
        if (type === '{' && fieldDoc) current.fields.push({ path, type: 'object', doc: fieldDoc })
      } else if (text === '}' && groups.length > 0) groups.pop()
      else if (text === '}') current = undefined
    }
    if (text !== '') fieldDoc = ''
  }
  return found
}

import { readFileSync } from 'node:fs'

/** The reference of derivations: what may be written, from the tables that the check of a configuration reads. */
export function derivationsPage({ DERIVABLE, fieldsOf, configSchema, EVENTS, expected, expectedOf }) {
  const { items } = configSchema.properties.derivations
  const common = Object.entries(items.properties).map(([key, node]) =>
    row(
      key,
      expectedOf(node),
      node.description ?? 'The event that it gives: one of those below.',
      items.required.includes(key) ? 'required' : (node.default ?? '–'),
    ),
  )
  return [
    '# Derivations',
    '',
    '<!-- Written by scripts/docs.mjs from packages/server/src/derive. -->',
    '',
    readFileSync(new URL('derivations-introduction.md', import.meta.url), 'utf8'),
    '## Keys of every derivation',
    '',
    ...table(common),
    '',
    'Every event also takes `agent`: the id of the agent that it tells of, in the place of the one that called.',
    '',
    '## Events and their fields',
    ...DERIVABLE.flatMap((event) => ['', `### \`${event}\``, '', EVENTS[event].doc, '', ...table(fieldRows(event))]),
    '',
  ].join('\n')

  function fieldRows(event) {
    return fieldsOf(event)
      .filter(({ name }) => name !== 'agent' || event === 'agent')
      .map(({ name, field, supply, required }) =>
        row(name, expected(field), field.doc, required ? 'required' : (supply?.doc ?? '–')),
      )
  }
}

function table(rows) {
  return ['| key | value | meaning | where absent |', '| --- | --- | --- | --- |', ...rows]
}

function row(key, value, meaning, absent) {
  return `| \`${key}\` | ${[value, meaning, absent].join(' | ')} |`
}

/** The events page, from the declaration of the union. */
export function eventsPage({ ENVELOPE, EVENTS, EVENT_VERSION, expected }) {
  return [
    '# Events',
    '',
    '<!-- Written by scripts/docs.mjs from packages/instrument/src/event/events.ts. -->',
    '',
    'Everything that can be observed, as it travels to [the ingest](ingest.md) and rests in the store: flat JSON objects.',
    'A field that is not listed here is dropped on arrival, so no payload can come along. A program reads the same in',
    '[events.schema.json](events.schema.json) (JSON Schema, 2020-12), which a daemon serves at `GET /v1/events/schema`.',
    'Characters are Unicode code points.',
    '',
    '## Every event',
    '',
    `| field | value | meaning |`,
    '| --- | --- | --- |',
    `| \`v\` | ${EVENT_VERSION} | Version of this format. |`,
    '| `type` | one of the headings below | What happened. |',
    ...rows(ENVELOPE, expected),
    ...Object.entries(EVENTS).flatMap(([type, { doc, fields }]) => [
      '',
      `## ${type}`,
      '',
      doc,
      '',
      '| field | value | meaning |',
      '| --- | --- | --- |',
      ...rows(fields, expected),
    ]),
    '',
  ].join('\n')
}

function rows(fields, expected) {
  return Object.entries(fields).map(([name, field]) => {
    const value = `${expected(field)}${field.optional ? '; may be absent' : ''}`
    return `| \`${name}\` | ${value} | ${field.doc} |`
  })
}

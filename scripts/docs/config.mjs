import { readFileSync } from 'node:fs'

/** The reference of the configuration, from the JSON Schema that the options give. */
export function configPage({ configSchema, expectedOf, exampleOf, optionsOf, schemaAt }) {
  return [
    '# Configuration',
    '',
    '<!-- Written by scripts/docs.mjs from the options.ts of each module. -->',
    '',
    readFileSync(new URL('config-introduction.md', import.meta.url), 'utf8'),
    '## Options',
    '',
    ...optionsOf(configSchema).flatMap(({ path, node }) => optionEntry(path.join('.'), node)),
    ...entriesOf('servers', ({ required }) => `With \`${required.join('`, `')}\``),
    ...entriesOf('budgets'),
    ...entriesOf('prices'),
    ...entriesOf('providers', typeOf),
    ...entriesOf('monitor.servers'),
    ...entriesOf('monitor.components', typeOf),
  ].join('\n')

  /** A map whose entries are of one kind, or of several, each under its heading with its keys. */
  function entriesOf(section, headingOf) {
    const map = schemaAt(section.split('.'))
    const schema = schemaAt([...section.split('.'), 'name'])
    const kinds = schema.anyOf ?? schema.oneOf ?? [schema]
    return [
      `## ${section}`,
      '',
      `${map.description} A map. The key is ${keyOf(map)}. The entry is ${kinds.length > 1 ? 'one of these' : 'a map of'}:`,
      ...kinds.flatMap((kind) => [
        '',
        ...(headingOf ? [`${headingOf(kind).replace(/[.]$/, '')}:`, ''] : []),
        ...Object.entries(kind.properties)
          .filter(([, node]) => node.const === undefined)
          .map(([key, node]) => `- \`${key}\` (${expectedOf(node)}): ${node.description} ${facts(node)}`),
      ]),
      '',
    ]
  }

  function typeOf({ properties }) {
    return `\`type: ${properties.type.const}\`. ${properties.type.description}`
  }

  function keyOf({ propertyNames }) {
    return propertyNames.description === undefined ? 'its name' : `the ${lowered(propertyNames.description)}`
  }

  function optionEntry(key, node) {
    return [`### \`${key}\``, '', node.description, '', `${upper(expectedOf(node))}. ${facts(node)}`, '']
  }

  function facts(node) {
    const example = exampleOf(node)
    return [
      node.default === undefined ? undefined : `Default: \`${JSON.stringify(node.default)}\`.`,
      node.env === undefined ? undefined : `Environment: \`${node.env}\`.`,
      example === undefined || example === node.default ? undefined : `Example: \`${JSON.stringify(example)}\`.`,
    ]
      .filter((fact) => fact !== undefined)
      .join(' ')
  }
}

function lowered(text) {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

function upper(text) {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

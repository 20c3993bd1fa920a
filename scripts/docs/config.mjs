import { readFileSync } from 'node:fs'

/** The reference of the configuration, from the JSON Schema that the options give. */
export function configPage({ configSchema, expectedOf, exampleOf, optionsOf, schemaAt }) {
  const entries = schemaAt(['servers', 'name']).anyOf
  return [
    '# Configuration',
    '',
    '<!-- Written by scripts/docs.mjs from the options.ts of each module. -->',
    '',
    readFileSync(new URL('config-introduction.md', import.meta.url), 'utf8'),
    '## Options',
    '',
    ...optionsOf(configSchema).flatMap(({ path, node }) => optionEntry(path.join('.'), node)),
    '## servers',
    '',
    `A map. The key is the ${lowered(configSchema.properties.servers.propertyNames.description)}. The entry is one of two:`,
    ...entries.flatMap((entry) => [
      '',
      `With \`${entry.required.join('`, `')}\`:`,
      '',
      ...Object.entries(entry.properties).map(
        ([key, node]) => `- \`${key}\` (${expectedOf(node)}): ${node.description} ${facts(node)}`,
      ),
    ]),
    '',
  ].join('\n')

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

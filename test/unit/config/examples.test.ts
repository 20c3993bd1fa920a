/** What the documents show as a configuration is one. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { loadConfig } from '../../../packages/server/src/config/index.js'
import { configOptions } from '../../../packages/server/src/config/options.js'
import { configFiles } from './files.js'

const { file } = configFiles()

const ROOT = join(import.meta.dirname, '../../..')
const SECTIONS = new Set(Object.keys(configOptions.shape))

/** Every block of YAML that has sections of the configuration alone, with its document. */
const examples = ['README.md', ...['docs', 'docs/reference'].flatMap(documentsOf)].flatMap((document) =>
  [...readFileSync(join(ROOT, document), 'utf8').matchAll(/^```yaml\n([\s\S]*?)^```/gm)]
    .map(([, text = '']) => text)
    .filter((text) => Object.keys(parse(text) as object).every((key) => SECTIONS.has(key)))
    .map((text, index) => ({ place: `${document}, ${index + 1}`, text })),
)

function documentsOf(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`)
}

/** A value for each variable that an example takes from the environment. */
function environmentOf(text: string): Readonly<Record<string, string>> {
  const names = [...text.matchAll(/\$\{(?:env:)?(\w+)\}/g)].map(([, name = '']) => name)
  return Object.fromEntries(names.map((name) => [name, name.endsWith('URL') ? 'https://example.com/' : '0'.repeat(32)]))
}

test.each(examples)('$place', ({ text }) => {
  const { config } = loadConfig({ file: file('example.yaml', text), env: environmentOf(text) })
  expect(Object.keys(config)).toEqual(expect.arrayContaining(Object.keys(parse(text) as object)))
})

test('those of alerts are among them', () => {
  const places = examples.map(({ place }) => place)
  expect(places).toEqual(expect.arrayContaining(['docs/alerts.md, 1', 'docs/alerts.md, 2', 'docs/budgets.md, 1']))
})

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ERRORS, type ErrorCode, VitalsError, vitalsError } from '../../../packages/server/src/errors/index.js'

const root = join(import.meta.dirname, '../../..')
const page = readFileSync(join(root, 'docs/reference/errors.md'), 'utf8')
const sourceFolder = join(root, 'packages/server/src')
const source = readdirSync(sourceFolder, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.startsWith('errors'))
  .map((path) => readFileSync(join(sourceFolder, path), 'utf8'))
  .join('\n')

const codes = Object.keys(ERRORS) as ErrorCode[]

describe.each(codes)('%s', (code) => {
  const { message, example, next } = ERRORS[code]
  const names = [...message.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string)

  test('is documented, with message, example and next step', () => {
    const section = page.split(`\n## ${code}\n`)[1]?.split('\n## ')[0]
    expect(section).toContain(message.replace(/\{(\w+)\}/g, '`<$1>`'))
    expect(section).toContain(example)
    expect(section).toContain(next)
  })

  test('is thrown somewhere', () => {
    expect(source).toContain(`'${code}'`)
  })

  test('says a whole sentence with every value filled in', () => {
    const values = Object.fromEntries(names.map((name) => [name, `<${name}>`]))
    const error: VitalsError = vitalsError(code, values as never)
    expect(error).toBeInstanceOf(VitalsError)
    for (const name of names) expect(error.message).toContain(`<${name}>`)
    expect(error.message).not.toMatch(/[{}]|undefined/)
    expect(error.explain().split('\n').slice(-3)).toEqual([
      `  for example: ${example}`,
      `  next: ${next}`,
      `  (${code})`,
    ])
    expect(next).toMatch(/[.]$/)
  })
})

test('every code that the page names exists', () => {
  const named = [...page.matchAll(/^## (.+)$/gm)].map(([, code]) => code)
  expect(named).toEqual(codes)
})

test('a value that looks like a placeholder is shown as it is', () => {
  expect(vitalsError('CONFIG_UNREADABLE', { file: '{reason}', reason: 'no' }).message).toContain('file {reason} cannot')
})

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Requirement } from '../requirements/state.js'
import { promises, REQUIREMENTS } from '../requirements.js'
import { ROOT, sourceFiles, textOf } from './files.js'

const CONTRACT = 'test/requirements/CONTRACT.md'
const LAST_ISSUE = 12
const ENTRIES: readonly (readonly [string, Requirement])[] = Object.entries(REQUIREMENTS)
const rowOf = (id: string): string => id.slice(0, id.indexOf('.'))

/** The ids in the `promises(…)` calls of a source text. */
const citedIn = (text: string): readonly string[] =>
  [...text.matchAll(/\bpromises\(([^)]*)\)/g)].flatMap(([, list = '']) =>
    [...list.matchAll(/['"]([^'"]+)['"]/g)].map(([, id = '']) => id),
  )

/** What is wrong between the promises' standing and the ids that tests cite; empty when all is well. */
function unsound(entries: readonly (readonly [string, Requirement])[], cited: ReadonlySet<string>): readonly string[] {
  const known = new Set(entries.map(([id]) => id))
  return [
    ...[...cited].filter((id) => !known.has(id)).map((id) => `${id}: cited, and no such promise`),
    ...entries.flatMap(([id, { standing }]) => {
      if (standing.is !== 'open') return cited.has(id) ? [] : [`${id}: ${standing.is}, and no test cites it`]
      return cited.has(id) ? [`${id}: cited, and still open: kept({…}) or partly(…) in test/requirements`] : []
    }),
  ]
}

/** Each row of the contract with the words that it sets in code: endpoints, metrics, variables, fields, expressions. */
function rowsOf(contract: string): ReadonlyMap<string, readonly string[]> {
  const rows = new Map<string, readonly string[]>()
  for (const line of contract.split('\n')) {
    const id = /^\| ([A-F]\d+)\b/.exec(line)?.[1]
    if (id !== undefined)
      rows.set(
        id,
        [...line.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word.replaceAll('\\|', '|')),
      )
  }
  return rows
}

/** The words of the contract that no promise of their row has. */
function unsaid(contract: string, entries: readonly (readonly [string, Requirement])[]): readonly string[] {
  return [...rowsOf(contract)].flatMap(([row, words]) => {
    const said = entries.filter(([id]) => rowOf(id) === row).map(([, { promise }]) => promise)
    if (said.length === 0) return [`${row}: no promise at all`]
    return words.filter((word) => !said.some((promise) => promise.includes(word))).map((word) => `${row}: ${word}`)
  })
}

describe('the contract as data', () => {
  const contract = textOf(CONTRACT)
  // This file and the data cite by way of example.
  const tests = sourceFiles('test').filter(
    (file) => file.endsWith('.test.ts') && file !== 'test/repo/requirements.test.ts',
  )
  const cited = new Set(tests.flatMap((file) => citedIn(textOf(file))))

  test('every kept promise is cited by a test, every open one by none, and no test cites what is not there', () => {
    expect(unsound(ENTRIES, cited)).toEqual([])
  })

  test('every row of the contract, and every word in code of it, is in a promise', () => {
    expect(rowsOf(contract).size).toBe(10 + 6 + 13 + 8 + 8 + 12)
    expect(unsaid(contract, ENTRIES)).toEqual([])
  })

  test('every promise belongs to a row and, when it is open, says which issue closes it and how', () => {
    for (const [id, { promise, standing }] of ENTRIES) {
      expect(rowsOf(contract).has(rowOf(id)), id).toBe(true)
      expect(promise, id).not.toBe('')
      if (standing.is === 'kept') continue
      expect(standing.issue, id).toBeGreaterThan(2)
      expect(standing.issue, id).toBeLessThanOrEqual(LAST_ISSUE)
      expect(standing.missing, id).not.toBe('')
    }
  })

  test('no id is given twice: one section would hide the other', () => {
    const declared = sourceFiles('test/requirements').flatMap((file) =>
      [...textOf(file).matchAll(/^ {4,}'([A-F]\d+\.[^']+)':/gm)].map(([, id]) => id),
    )
    const inline = sourceFiles('test/requirements').flatMap((file) =>
      [...textOf(file).matchAll(/\{ '([A-F]\d+\.[^']+)':/g)].map(([, id]) => id),
    )
    expect([...declared, ...inline].sort()).toEqual(ENTRIES.map(([id]) => id).sort())
  })

  test("the contract here is its owner's, where the two stand side by side", () => {
    const original = join(ROOT, '../shared/spec/CONTRACT.md')
    if (existsSync(original)) expect(contract).toBe(readFileSync(original, 'utf8'))
  })
})

describe('the gate itself', () => {
  const entry = (is: 'kept' | 'open' | 'partly'): Requirement => ({
    promise: '`GET /x` answers',
    standing: is === 'kept' ? { is } : { is, issue: 3, missing: 'all' },
  })

  test.each([
    ['kept', [], ['A1.x: kept, and no test cites it']],
    ['partly', [], ['A1.x: partly, and no test cites it']],
    ['open', ['A1.x'], ['A1.x: cited, and still open: kept({…}) or partly(…) in test/requirements']],
    ['kept', ['A1.x', 'A1.y'], ['A1.y: cited, and no such promise']],
    ['kept', ['A1.x'], []],
    ['partly', ['A1.x'], []],
    ['open', [], []],
  ] as const)('%s with citations %j', (is, cited, problems) => {
    expect(unsound([['A1.x', entry(is)]], new Set(cited))).toEqual(problems)
  })

  test('names a row without a promise and a word without one', () => {
    const contract = '| A1 | `GET /x` and `y \\| z` |\n| A2 | `b` |'
    expect(unsaid(contract, [['A1.x', entry('open')]])).toEqual(['A1: y | z', 'A2: no promise at all'])
  })

  test('reads citations over several lines', () => {
    expect(citedIn("test(promises(\n  'A1.x',\n  'B2.y',\n), f)")).toEqual(['A1.x', 'B2.y'])
  })

  test('promises() throws on an id that is not there, and gives a title', () => {
    expect(() => promises('A1.nonsense' as 'A1.health.status-200')).toThrow('A1.nonsense')
    expect(promises('F8.port.default')).toBe("F8.port.default: the product's own default port is 9464")
  })
})

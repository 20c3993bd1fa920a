/** What `top` draws, at every size of a terminal and whatever servers call themselves; and what keys do. */
import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  COLUMNS,
  type Drawn,
  firstState,
  frameOf,
  keysIn,
  pressed,
  queriesOf,
  rowsOf,
  type Series,
  type Snapshot,
  snapshotOf,
  type TopState,
  tableOf,
  VIEWS,
} from '../../../packages/server/src/top/index.js'

type Answers = Parameters<typeof snapshotOf>[0]
const series = (metric: Record<string, string>, value: number): Series => ({ metric, value: [0, String(value)] })
const nothing = Object.fromEntries(Object.keys(queriesOf('mcp')).map((name) => [name, []])) as unknown as Answers

/** Servers and tools of these names, called as often as their place says. */
function snapshot(
  names: readonly string[],
  more: Partial<Answers> = {},
  told: Parameters<typeof snapshotOf>[1]['servers'] = [],
): Snapshot {
  const answers: Answers = {
    ...nothing,
    up: names.map((server, at) => series({ server }, at % 2)),
    requests: names.map((server, at) => series({ server }, at)),
    failures: names.map((server, at) => series({ server }, at / 10)),
    calls: names.map((tool, at) => series({ server: 's', tool }, at)),
    callRate: names.map((tool, at) => series({ server: 's', tool }, at)),
    ...more,
  }
  const alerts = names.map((name) => ({
    ...{ state: 'firing', severity: 'HIGH', labels: { alertname: name, server: name } },
    ...{ annotations: { summary: name }, activeAt: '2026-01-01T00:00:00Z' },
  }))
  return snapshotOf(
    answers,
    { servers: told, alerts },
    { atMs: 1_800_000_000_000, url: 'http://127.0.0.1:9464', version: '1' },
  )
}
const drawnOf = (state: TopState, names: readonly string[]): Drawn => ({
  state,
  snapshot: snapshot(names),
  trouble: undefined,
  nowMs: 1_800_000_000_000,
})
const typing = (keys: string, state = firstState({}), rows = 50, page = 10): TopState =>
  keysIn(keys).reduce((before, key) => pressed(before, key, { page, rows }), state)

/** Columns that a terminal would use for what is drawn: styles take none. */
const WIDE = /[\u1100-\u115f\u3041-\u33ff\u3400-\ua4cf\uac00-\ud7a3\uff00-\uff60]|\p{Emoji_Presentation}/u
const widthOf = (line: string) =>
  [...stripVTControlCharacters(line)].reduce((sum, one) => sum + (WIDE.test(one) ? 2 : 1), 0)

/** Names as hostile servers have them: control sequences, invisible and wide characters, of any length. */
const name = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 200 }),
  fc.constantFrom(
    '\u001b[2J\u001b[31mred',
    'a\u202eb',
    'tab\there\r\n',
    '\u009b31m',
    '検索ツール検索ツール',
    'é\u0301',
    '',
  ),
)

test('every frame has the lines of the terminal, none wider than it, and no control sequence but its own styles', () => {
  fc.assert(
    fc.property(
      fc.array(name, { maxLength: 30 }),
      fc.constantFrom(...VIEWS),
      fc.integer({ min: 1, max: 220 }),
      fc.integer({ min: 1, max: 60 }),
      fc.boolean(),
      fc.string({ maxLength: 5 }),
      fc.integer({ min: 0, max: 40 }),
      (names, view, columns, rows, isHelp, filter, offset) => {
        const state = { ...firstState({ view, filter }), isHelp, offset }
        const lines = frameOf(drawnOf(state, names), { columns, rows }, true)
        expect(lines).toHaveLength(rows)
        for (const line of lines) {
          expect(stripVTControlCharacters(line)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
          if (!/\p{Emoji_Presentation}|\p{Extended_Pictographic}/u.test(line))
            expect(widthOf(line)).toBeLessThanOrEqual(columns)
        }
        const plain = frameOf(drawnOf(state, names), { columns, rows }, false)
        expect(plain.join('')).not.toContain('\u001b')
      },
    ),
    { numRuns: 300 },
  )
})

test('no key, and no row of keys, leads out of what there is', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.constantFrom(
          's',
          'r',
          '/',
          'p',
          '?',
          '\t',
          '\u001b[A',
          '\u001b[B',
          '\u001b[5~',
          '\u001b[6~',
          '\u001b[F',
          '\r',
          '\u001b',
          'x',
          '2',
          '\u007f',
        ),
      ),
      fc.nat({ max: 40 }),
      (keys, rows) => {
        const state = keys.reduce((before, key) => pressed(before, key, { page: 10, rows }), firstState({}))
        expect(state.offset).toBeGreaterThanOrEqual(0)
        expect(state.offset).toBeLessThanOrEqual(Math.max(0, rows - 10))
        for (const view of VIEWS) expect(COLUMNS[view].map(({ key }) => key)).toContain(state.sort[view])
        expect(state.isOver).toBe(false)
      },
    ),
  )
})

describe('keys', () => {
  test('views, order, filter, pause, help, scrolling, quitting', () => {
    expect(typing('\t').view).toBe('tools')
    expect(typing('\t\t\t\t').view).toBe('servers')
    expect(typing('\u001b[Z').view).toBe('alerts')
    expect(typing('s').sort.servers).not.toBe(firstState({}).sort.servers)
    expect(typing('r').isReversed).toBe(true)
    expect(typing('/query\u007f\r')).toMatchObject({ filter: 'quer', isTyping: false })
    expect(typing('/q\u001b')).toMatchObject({ filter: '', isTyping: false, isOver: false })
    expect(typing('p').isPaused).toBe(true)
    expect(typing('?').isHelp).toBe(true)
    expect(typing('?x').isHelp).toBe(false)
    expect(typing('\u001b[6~\u001b[B\u001b[A\u001b[6~').offset).toBe(20)
    expect(typing('\u001b[F').offset).toBe(40)
    expect(typing('q').isOver).toBe(true)
    expect(typing('/\u0003').isOver).toBe(true)
  })

  test('a sequence and what follows it in one read are two keys', () => {
    expect(keysIn('\u001b[6~s\u001bOA/é')).toEqual(['\u001b[6~', 's', '\u001bOA', '/', 'é'])
  })
})

describe('rows', () => {
  const names = ['alpha', 'beta', 'gamma']
  const shown = (state: TopState) => rowsOf(drawnOf(state, names)).map((row) => row.server)

  test('the busiest first, the other way round, by another column, and filtered', () => {
    expect(shown(firstState({}))).toEqual(['gamma', 'beta', 'alpha'])
    expect(shown(typing('r'))).toEqual(['alpha', 'beta', 'gamma'])
    expect(shown(firstState({ sort: 'server' }))).toEqual(['alpha', 'beta', 'gamma'])
    expect(shown(firstState({ filter: 'ET' }))).toEqual(['beta'])
  })

  test('a server that is down, what was never seen, and shares of failures', () => {
    const [gamma, beta, alpha] = rowsOf(drawnOf(firstState({}), names))
    expect(beta).toMatchObject({ state: 'up', errors: 0.1 })
    expect([gamma!.state, alpha!.errors, alpha!.p95]).toEqual(['DOWN', undefined, undefined])
  })

  test('the plain table is as wide as its values, and says so where there is nothing', () => {
    const table = tableOf(drawnOf(firstState({ view: 'tools' }), ['find', 'x'.repeat(60)]))
    const [title, first] = table.split('\n')
    expect(title).toMatch(/^TOOL {2,}SERVER {2}CALLS {2}CALL\/S {2}ERRORS {2}P50 {2}P95$/)
    expect(first).toContain('x'.repeat(60))
    expect(tableOf({ state: firstState({ view: 'alerts' }), snapshot: snapshot([]) })).toBe('Nothing fires.\n')
  })

  test('servers that were not sampled yet are there as the daemon tells of them, and a state of now goes before a sample', () => {
    const told = (server: string, condition: string) => ({ server, condition, sessions: 2, tools: 3 })
    const unseen = [told('new', 'up'), told('gone', 'down'), told('quiet', 'unknown'), told('alpha', 'up')]
    const { rows } = snapshot(['alpha'], {}, unseen)
    expect(rows.servers).toMatchObject([
      // Its sample of before says that it is down.
      { server: 'alpha', state: 'up', sessions: 2 },
      { server: 'gone', state: 'DOWN', rate: 0 },
      { server: 'new', state: 'up', sessions: 2, tools: 3 },
      { server: 'quiet', state: '-' },
    ])
    expect(rows.sessions.map(({ server, sessions }) => [server, sessions])).toContainEqual(['new', 2])
  })

  test('a view of the metrics that drops the server leaves the tools', () => {
    const calls = [series({ tool: 'read' }, 3)]
    const { rows } = snapshot([], { calls, callRate: calls })
    expect(rows.tools).toMatchObject([{ tool: 'read', server: '', calls: 3, rate: 3 }])
  })
})

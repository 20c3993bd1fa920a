import { describe, expect, test } from 'vitest'
import {
  compileMatchers,
  compileTimes,
  createRouter,
  fingerprintOf,
  groupOf,
  isZone,
  parseMatcher,
  severityOf,
  type Times,
} from '../../../packages/server/src/alerts/index.js'
import { alertsOptions } from '../../../packages/server/src/alerts/options.js'

describe('fingerprints', () => {
  // 64-bit FNV-1a of names and values, each with a byte 255 after it, by BigInt.
  const reference = (labels: Readonly<Record<string, string>>): string => {
    const bytes = Object.keys(labels)
      .sort()
      .flatMap((name) => [...Buffer.from(name), 255, ...Buffer.from(labels[name]!), 255])
    const hash = bytes.reduce(
      (sum, byte) => BigInt.asUintN(64, (sum ^ BigInt(byte)) * 0x100000001b3n),
      0xcbf29ce484222325n,
    )
    return hash.toString(16).padStart(16, '0')
  }

  test.each([
    {},
    { alertname: 'A' },
    { alertname: 'ServerDown', server: 'notes', severity: 'critical' },
    { b: '', a: '\u{1F600} ü', _c: 'x'.repeat(1000) },
  ])('of %j are those of Prometheus', (labels) => expect(fingerprintOf(labels)).toBe(reference(labels)))

  test('do not depend on the order of labels', () => {
    expect(fingerprintOf({ a: '1', b: '2' })).toBe(fingerprintOf({ b: '2', a: '1' }))
    expect(fingerprintOf({ a: '1', b: '2' })).not.toBe(fingerprintOf({ a: '2', b: '1' }))
  })
})

describe('matchers', () => {
  test.each([
    ['severity="HIGH"', true],
    ['severity=HIGH', true],
    [' severity != "HIGH" ', false],
    ['severity=~"HIGH|CRITICAL"', true],
    ['severity=~"HIG"', false],
    ['severity!~"LOW|MEDIUM"', true],
    ['severity=~"(?i)high"', true],
    ['absent=""', true],
    ['absent!=""', false],
    ['text="a \\"b\\" \\\\ \\n"', true],
  ])('%s', (text, matches) => {
    expect(compileMatchers([text])({ severity: 'HIGH', text: 'a "b" \\ \n' })).toBe(matches)
  })

  test.each(['', 'severity', '="x"', 'a b="c"', 'a=~"("', 'a=="b"'])('%j is refused in words', (text) => {
    expect(() => parseMatcher(text)).toThrow(/is no matcher/)
  })

  test.each(['severity="critical"', 'severity!=warning', 'severity=~"critical|high"', 'severity!~"(low)"'])(
    '%s would hold for all or for none, and is refused in words',
    (text) => {
      expect(() => parseMatcher(text)).toThrow(/means no severity; expected: LOW, MEDIUM, HIGH, CRITICAL/)
    },
  )
})

test.each([
  [{ severity: 'critical' }, 'CRITICAL'],
  [{ severity: 'warning' }, 'MEDIUM'],
  [{ severity: 'warning', mcp_severity: 'HIGH' }, 'HIGH'],
  [{ severity: 'HIGH' }, 'HIGH'],
  [{ severity: 'info' }, 'LOW'],
  [{}, 'LOW'],
  [{ severity: 'page' }, 'MEDIUM'],
])('severity of %j is %s', (labels, severity) => expect(severityOf(labels)).toBe(severity))

describe('times', () => {
  const isIn = (times: Times, iso: string) => compileTimes(times)(Date.parse(iso))
  const nights: Times = { zone: 'Europe/Berlin', ranges: [{ days: ['fri'], from: '22:00', to: '06:00' }] }

  test.each([
    ['2026-11-27T20:59:59Z', false],
    ['2026-11-27T21:00:00Z', true],
    ['2026-11-28T04:59:59Z', true],
    ['2026-11-28T05:00:00Z', false],
    ['2026-11-28T21:30:00Z', false],
    // In summer an hour earlier.
    ['2026-07-31T20:00:00Z', true],
    ['2026-07-31T19:59:59Z', false],
  ])('a night over midnight in Berlin: %s %s', (iso, expected) => expect(isIn(nights, iso)).toBe(expected))

  test('24:00 is the end of a day', () => {
    const day: Times = { zone: 'UTC', ranges: [{ from: '00:00', to: '24:00', days: ['fri'] }] }
    expect(isIn(day, '2026-11-27T23:59:59Z')).toBe(true)
    expect(isIn(day, '2026-11-28T00:00:00Z')).toBe(false)
  })

  test('an hour that the clock skips is no hole, and one that it shows twice counts twice', () => {
    const early: Times = { zone: 'Europe/Berlin', ranges: [{ from: '02:00', to: '04:00' }] }
    // 2026-03-29: 02:00 becomes 03:00 at 01:00 UTC. 2026-10-25: 03:00 becomes 02:00 at 01:00 UTC.
    expect(['00:59', '01:00', '01:59', '02:00'].map((time) => isIn(early, `2026-03-29T${time}:00Z`))).toEqual([
      false,
      true,
      true,
      false,
    ])
    expect(
      ['23:59', '00:00', '01:30', '02:59', '03:00'].map((time, index) =>
        isIn(early, `2026-10-${index === 0 ? 24 : 25}T${time}:00Z`),
      ),
    ).toEqual([false, true, true, true, false])
  })

  test('dates are those on which a range begins, and all days where no times are given', () => {
    const holidays: Times = { zone: 'Pacific/Auckland', ranges: [{ firstDate: '2026-12-24', lastDate: '2026-12-26' }] }
    expect(isIn(holidays, '2026-12-23T10:59:59Z')).toBe(false)
    expect(isIn(holidays, '2026-12-23T11:00:00Z')).toBe(true)
    expect(isIn(holidays, '2026-12-26T10:59:59Z')).toBe(true)
    expect(isIn(holidays, '2026-12-26T11:00:00Z')).toBe(false)
    const night: Times = {
      zone: 'UTC',
      ranges: [{ from: '23:00', to: '01:00', firstDate: '2026-12-31', lastDate: '2026-12-31' }],
    }
    expect(isIn(night, '2027-01-01T00:59:00Z')).toBe(true)
    expect(isIn(night, '2026-12-31T00:30:00Z')).toBe(false)
  })

  test('knows a time zone from a word', () => {
    expect([isZone('Europe/Berlin'), isZone('Europe/Nowhere'), isZone('')]).toEqual([true, false, false])
  })
})

describe('groups of a route', () => {
  test('by labels that are there, and by all of them for ...', () => {
    const route = (groupBy: readonly string[]) =>
      createRouter(alertsOptions.parse({ groupBy }), [])({ alertname: 'A', severity: 'LOW' })[0]!
    const labels = { alertname: 'A', server: 's', severity: 'LOW' }
    expect(groupOf(route(['server', 'zone']), labels).labels).toEqual({ server: 's' })
    expect(groupOf(route(['...']), labels).labels).toEqual(labels)
    expect(groupOf(route([]), labels).labels).toEqual({})
    expect(groupOf(route(['server']), labels).key).not.toBe(groupOf(route(['server']), { ...labels, server: 't' }).key)
  })

  test('a route takes what it does not say from the one above it', () => {
    const options = alertsOptions.parse({
      groupWaitMs: 1,
      routes: [
        {
          match: ['a="1"'],
          notify: ['top'],
          groupBy: ['x'],
          repeatIntervalMs: 5000,
          escalate: [
            { afterMs: 2000, notify: ['b'] },
            { afterMs: 1000, notify: ['a'] },
          ],
          routes: [{ match: ['b="1"'], groupWaitMs: 7 }],
        },
      ],
    })
    const [route] = createRouter(options, [])({ a: '1', b: '1' })
    expect(route).toMatchObject({
      channels: ['top'],
      groupBy: ['x'],
      groupWaitMs: 7,
      repeatIntervalMs: 5000,
      groupIntervalMs: 300_000,
      escalate: [{ afterMs: 1000 }, { afterMs: 2000 }],
    })
  })
})

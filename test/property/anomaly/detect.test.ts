/** What holds for any calls; and slices of what bench/anomaly.mjs measures, whose long run is a part of `npm run prove`. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EVENTS } from '../../../packages/instrument/src/event/index.js'
import { createDetector, type Detector, type ToolFinding } from '../../../packages/server/src/detect/index.js'
import { PROVE, record, seeded } from '../../faults/prove.js'
import { watching } from '../../unit/detect/calls.js'

const SEED = 20261129
const PROOF = 'anomalies'

interface Fault {
  readonly name: string
  readonly within: number
}
type Traffic = (numbers: unknown) => unknown
interface Simulation {
  readonly TRAFFIC: Readonly<Record<string, Traffic>>
  readonly FAULTS: readonly Fault[]
  falseAlarms(given: { detector: Detector; traffic: Traffic; seed: number; days: number }): {
    readonly found: readonly ToolFinding[]
    readonly calls: number
  }
  callsToFind(detector: Detector, fault: Fault, seed: number): number
  silenceToFind(detector: Detector, traffic: Traffic, seed: number): { waitedMs: number; usualMs: number }
}
const simulation = (await import('../../../bench/support/traffic.mjs' as string)) as Simulation

const outcome = fc.constantFrom('ok', 'ok', 'ok', 'tool_error', 'timeout', 'cancelled') as fc.Arbitrary<
  'ok' | 'tool_error' | 'timeout' | 'cancelled'
>
const duration = fc.oneof(fc.double({ min: 0, max: 1e7, noNaN: true }), fc.constantFrom(0, 5, 5, 5, 1e15))
const call = fc.record({
  outcome,
  durationMs: duration,
  responseBytes: fc.oneof(fc.nat(2_000_000_000), fc.constantFrom(0, 500)),
  gapMs: fc.oneof(fc.nat(100_000), fc.constantFrom(0, 1000, 1000, 9e7)),
  name: fc.constantFrom('a', 'b'),
})

describe('of any calls', () => {
  test('fewer than 30 show nothing, whatever they are', () => {
    fc.assert(
      fc.property(fc.array(call, { maxLength: 29 }), fc.nat(1e9), (calls, silenceMs) => {
        const tool = watching()
        tool.calls(calls.length, (index) => calls[index] ?? {})
        expect(tool.detector.look(tool.at + silenceMs)).toEqual([])
        expect(tool.findings).toEqual([])
      }),
      { seed: SEED, numRuns: 200 },
    )
  })

  test('the same calls and looks show the same, by the times in them alone', () => {
    fc.assert(
      fc.property(fc.array(call, { minLength: 30, maxLength: 400 }), (calls) => {
        const run = () => {
          const tool = watching()
          tool.calls(calls.length, (index) => calls[index] ?? {})
          tool.silence(20_000)
          return tool.findings
        }
        expect(run()).toEqual(run())
      }),
      { seed: SEED, numRuns: 50 },
    )
  })

  test('what is found begins once, has finite figures, and ends before it begins again', () => {
    let found = 0
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.array(call, { minLength: 1, maxLength: 8 }), fc.integer({ min: 1, max: 60 })), {
          minLength: 2,
          maxLength: 8,
        }),
        (patterns) => {
          const tool = watching()
          for (const [calls, rounds] of patterns) {
            tool.calls(rounds * calls.length, (index) => calls[index % calls.length] ?? {})
            tool.silence(5000)
          }
          const open = new Set<string>()
          for (const { tool: name, signal, stage, usual, seen, severity } of tool.findings) {
            expect(EVENTS.anomaly.fields.signal.choices).toContain(signal)
            for (const figure of [usual, seen]) expect(figure >= 0 && figure <= 1e15).toBe(true)
            const key = `${name} ${signal}`
            expect(open.has(key)).toBe(stage !== 'found')
            if (stage === 'found') open.add(key)
            else if (stage === 'worse') expect(severity).toBe('HIGH')
            else open.delete(key)
            found++
          }
        },
      ),
      { seed: SEED, numRuns: 100 },
    )
    expect(found).toBeGreaterThan(20)
  })
})

test('ten tools take no more memory after 200,000 calls of any kind than after 5,000', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const usedBytes = () => {
    collect()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  const random = seeded(PROOF)
  const tool = watching()
  const some = (calls: number) => {
    tool.calls(calls, (index) => ({
      name: `tool-${index % 10}`,
      durationMs: 1000 * random(),
      responseBytes: Math.floor(10 ** (9 * random())),
      gapMs: random() < 0.001 ? 9e7 : 1000 * random(),
      outcome: random() < 0.1 ? 'tool_error' : 'ok',
    }))
    tool.findings.length = 0
  }
  some(5000)
  const before = usedBytes()
  some(195_000)
  expect(usedBytes() - before).toBeLessThan(100_000)
  expect(tool.detector.stats().tools).toBe(10)
})

const detector = () => createDetector({ maxTools: 1 })
const seeds = (count: number) => Array.from({ length: count }, (_, index) => 1 + index)

describe('simulated tools', () => {
  const TOOLS = PROVE ? 20 : 1
  const DAYS = PROVE ? 30 : 2
  test.each(Object.keys(simulation.TRAFFIC))(
    `at most one false alarm a tool in ${DAYS} days of one call a second: %s`,
    (name) => {
      const traffic = simulation.TRAFFIC[name] as Traffic
      const runs = seeds(TOOLS).map((seed) =>
        simulation.falseAlarms({ detector: detector(), traffic, seed, days: DAYS }),
      )
      const counts = runs.map(({ found }) => found.length)
      const all = counts.reduce((sum, count) => sum + count, 0)
      record(PROOF, `false alarms of ${TOOLS} tools in ${DAYS} days each, ${name}`, all)
      expect(runs[0]?.calls).toBeGreaterThan(DAYS * 80_000)
      expect(all / TOOLS).toBeLessThanOrEqual(PROVE ? 1 : 0)
    },
    600_000,
  )

  test.each(simulation.FAULTS)('nine of ten are found in time after 500 calls: $name', (fault) => {
    const tools = PROVE ? 5000 : 150
    const inTime = seeds(tools).filter((seed) => simulation.callsToFind(detector(), fault, seed) <= fault.within).length
    record(PROOF, `${fault.name} found within ${fault.within} calls`, ((100 * inTime) / tools).toFixed(1), '%')
    expect(inTime / tools).toBeGreaterThanOrEqual(0.9)
  })

  test.each(Object.keys(simulation.TRAFFIC))('a silence is found within three usual gaps: %s', (name) => {
    for (const seed of seeds(PROVE ? 1000 : 30)) {
      const { waitedMs, usualMs } = simulation.silenceToFind(detector(), simulation.TRAFFIC[name] as Traffic, seed)
      expect(waitedMs / usualMs).toBeLessThanOrEqual(3)
    }
  })
})

import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { type Check, REASONS, type Reason } from '../../packages/server/src/checks/check.js'
import { type CheckEntry, checkOptions } from '../../packages/server/src/checks/options.js'
import { createCheck } from '../../packages/server/src/checks/registry.js'
import { until } from '../fixtures/until.js'

/** One setting for a check, as it stands in the configuration, and what it must say. */
export interface Case {
  readonly what: string
  readonly entry: () => Readonly<Record<string, unknown>>
}

export interface CheckUnderTest {
  readonly well: readonly Case[]
  readonly ill: readonly (Case & { readonly reason: Reason; readonly code?: string })[]
  /** Settings in which the other side never answers. */
  readonly hanging: readonly Case[]
  /** How many connections or processes of the checks the other side still sees. */
  readonly held: () => number
  /** A text that is in every entry and in no result. */
  readonly secret?: string
}

const CHECK_ENTRY = z.discriminatedUnion('type', [...checkOptions({})])

const SETTLE_MS = 10_000
const ENOUGH_MS = 30_000

/** The check of an entry as the configuration would give it. */
export function checkFor(entry: Readonly<Record<string, unknown>>): Check {
  const addressOf = (server: string) => `http://127.0.0.1:1/mcp/${server}`
  const tools = { addressOf, transportOf: () => 'http' as const, headersOf: () => ({}), clock: () => performance.now() }
  return createCheck(CHECK_ENTRY.parse(entry) as CheckEntry, tools)
}

/** What every Check promises, run against one type. */
export function checkConformance(name: string, under: CheckUnderTest): void {
  const run = (entry: Case['entry'], signal = AbortSignal.timeout(ENOUGH_MS)) => checkFor(entry()).run(signal)

  async function nothingHeld(): Promise<void> {
    await until(
      () => under.held() === 0 && held() === 0,
      SETTLE_MS,
      () => `still held: ${under.held()} there, ${process.getActiveResourcesInfo().join(' ')} here`,
    )
  }
  let before = resources()
  beforeAll(() => {
    before = resources()
  })
  /** Sockets, processes and timers of ours beyond those that were there before the checks. */
  function held(): number {
    return (
      Math.max(0, resources().connecting - before.connecting) + Math.max(0, resources().processes - before.processes)
    )
  }

  for (const { what, entry } of under.well)
    test(`${name}: ${what} is well, again and at once, and nothing is held afterwards`, async () => {
      const results = [await run(entry), ...(await Promise.all([run(entry), run(entry)]))]
      for (const result of results) expect(result).toEqual({ ok: true, latencyMs: expect.any(Number) })
      for (const { latencyMs } of results) expect(latencyMs).toBeGreaterThan(0)
      await nothingHeld()
    })

  for (const { what, entry, reason, code } of under.ill)
    test(`${name}: ${what} is ${reason}`, async () => {
      const result = await run(entry)
      expect(result).toMatchObject({ ok: false, latencyMs: expect.any(Number), reason, ...(code && { code }) })
      expect(REASONS).toContain(result.reason)
      expect(result.code ?? 'NONE').toMatch(/^[A-Z0-9_]{1,64}$/)
      if (under.secret !== undefined) {
        expect(JSON.stringify(entry())).toContain(under.secret)
        expect(JSON.stringify(result)).not.toContain(under.secret)
      }
      await nothingHeld()
    })

  for (const { what, entry } of under.hanging) {
    test(`${name}: ${what} lasts until it is aborted, and then lets go`, async () => {
      const abort = new AbortController()
      let settled = false
      const result = run(entry, abort.signal).finally(() => {
        settled = true
      })
      await new Promise((resolve) => setTimeout(resolve, 150))
      expect(settled).toBe(false)
      abort.abort()
      expect(await result).toMatchObject({ ok: false, reason: 'timeout' })
      await nothingHeld()
    })

    test(`${name}: ${what}, aborted before it began, is not even tried`, async () => {
      expect(await run(entry, AbortSignal.abort())).toMatchObject({ ok: false, reason: 'timeout' })
      await nothingHeld()
    })
  }

  test(`${name}: it listens to no signal any more once it is over`, async () => {
    onTestFinished(nothingHeld)
    const abort = new AbortController()
    const [first] = under.well
    await run(first!.entry, abort.signal)
    abort.abort()
  })
}

function resources(): { readonly connecting: number; readonly processes: number } {
  const names = process.getActiveResourcesInfo()
  return {
    connecting: names.filter((name) => /TCPConnectWrap|TLSWrap|GetAddrInfoReqWrap/.test(name)).length,
    processes: names.filter((name) => name === 'ProcessWrap').length,
  }
}

import { setImmediate as turn } from 'node:timers/promises'
import { type AuditStore, type Evidence, type VerifierKey, verifyLog } from '../../audit/index.js'
import type { wholeOf } from '../../audit-log/index.js'
import { VitalsError } from '../../errors/index.js'

export interface VerifySetup {
  readonly store: () => Promise<AuditStore>
  /** The keys that checkpoints may be signed with. */
  readonly keys: () => Promise<readonly VerifierKey[]>
  readonly wholeOf: typeof wholeOf
}

/** Rows that are hashed before others have their turn: a millisecond or so. */
const ROWS_A_TURN = 64
/** How often it is told how far it is. */
const TELL_MS = 200

/** How far it is; at the end whether the log holds, or what is wrong and where. */
interface Told {
  readonly checked: number
  readonly total: number
  readonly done: boolean
  readonly ok?: boolean
  readonly problem?: string
}

/**
 * `GET /admin/api/audit/verify`: checks all rows of the log, its archives, and its signed checkpoints, and tells in lines of
 * JSON how far it is. One check at a time: 429 for another. It ends where who asked goes away.
 */
export function createVerifyFace(setup: VerifySetup | undefined): (request: Request) => Promise<Response> {
  let isRunning = false
  return async ({ method }) => {
    if (!setup) return refusal(404, 'No audit log is kept: audit.enabled is false.')
    if (method === 'HEAD') return new Response(null, { headers: HEADERS })
    if (isRunning) return refusal(429, 'The log is being verified already.', { 'retry-after': '5' })
    isRunning = true
    const gone = new AbortController()
    const lines = verified(setup, gone.signal)
    const encoder = new TextEncoder()
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        // What fails unforeseen cuts the answer off, and does not keep the next one out.
        const { value, done } = await lines.next().catch((error: unknown) => {
          isRunning = false
          throw error
        })
        if (value !== undefined) controller.enqueue(encoder.encode(`${JSON.stringify(value)}\n`))
        if (!done) return
        isRunning = false
        controller.close()
      },
      cancel() {
        isRunning = false
        gone.abort()
      },
    })
    return new Response(body, { headers: HEADERS })
  }
}

const HEADERS = { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' }

function refusal(status: number, error: string, headers: Record<string, string> = {}): Response {
  return Response.json({ error }, { status, headers: { 'cache-control': 'no-store', ...headers } })
}

async function* verified({ store, keys, wholeOf }: VerifySetup, signal: AbortSignal): AsyncGenerator<Told, undefined> {
  let checked = 0
  let total = 0
  try {
    const whole = await wholeOf(await store())
    total = whole.rows ?? 0
    const { start, checkpoints } = whole
    const watched = inTurns(whole.found, signal, () => checked++)
    const verdict = verifyLog(watched, { keys: await keys(), checkpoints, ...(start && { start }) })
    let result: Awaited<typeof verdict> | undefined
    const ended = verdict.then((value) => {
      result = value
    })
    while (result === undefined) {
      yield { checked, total, done: false }
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, TELL_MS))])
    }
    yield result.ok
      ? { checked, total: checked, done: true, ok: true }
      : {
          checked,
          total,
          done: true,
          ok: false,
          problem: `Row ${result.seq} is not as it was written: ${result.fault}.`,
        }
  } catch (error) {
    if (!(error instanceof VitalsError)) throw error
    yield { checked, total, done: true, ok: false, problem: error.message }
  }
  return undefined
}

/** The evidence, with a pause for others behind every few rows. */
async function* inTurns(found: AsyncIterable<Evidence>, signal: AbortSignal, onRow: () => void) {
  let rows = 0
  for await (const evidence of found) {
    if (++rows % ROWS_A_TURN === 0) await turn()
    if (signal.aborted) return
    onRow()
    yield evidence
  }
}

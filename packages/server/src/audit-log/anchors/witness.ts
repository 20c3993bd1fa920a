import { formatSubmission, openNote, parseWitnessKey, proveConsistency } from '../../audit/index.js'
import type { Anchor } from './anchor.js'

const TIMEOUT_MS = 10_000
/** Longest answer that is read, in characters: some signature lines. */
const MOST_CHARS = 16_384
/** Signature lines, and nothing else. */
const LINES = /^(?:— [^ \n]+ [A-Za-z0-9+/=]+\n)+$/

export interface WitnessEntry {
  /** Where it answers; `add-checkpoint` is put behind it. */
  readonly witness: string
  /** Its public key, as it was handed out. */
  readonly key: string
}

/**
 * A witness by C2SP's tlog-witness. It signs only what goes on from what it signed before, so that the log cannot be told
 * otherwise to others; its signature is checked, and goes below the checkpoint.
 */
export function witnessAnchor(name: string, { witness, key: vkey }: WitnessEntry): Anchor {
  const url = new URL('add-checkpoint', witness.endsWith('/') ? witness : `${witness}/`)
  const key = parseWitnessKey(vkey)
  /** Rows of the newest checkpoint that it signed, as far as we know. */
  let known = 0

  async function ask(body: string): Promise<{ readonly status: number; readonly text: string }> {
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const answer = await fetch(url, { method: 'POST', body, signal, redirect: 'error' }).catch((error: Error) => {
      throw new Error(error.name === 'TimeoutError' ? 'it gave no answer in time' : 'it cannot be reached')
    })
    return { status: answer.status, text: (await answer.text()).slice(0, MOST_CHARS) }
  }

  return {
    name,
    everyMs: 0,
    async keep({ note, size }, tree) {
      // It says once what it knows where that is not what we believe.
      for (let isSecond = false; ; isSecond = true) {
        if (known > size) throw new Error(`it signed ${known} rows of this log before, which has ${size} now`)
        const proof = await proveConsistency(tree, known, size)
        const { status, text } = await ask(formatSubmission({ oldSize: known, proof, note }))
        if (status === 409 && !isSecond && /^\d{1,15}\n?$/.test(text) && Number(text) !== known) {
          known = Number(text)
          continue
        }
        if (status !== 200) throw new Error(REASONS[status] ?? `it answered ${status}`)
        const body = note.slice(0, note.indexOf('\n\n') + 2)
        if (!LINES.test(text) || typeof openNote(`${body}${text}`, [key]) === 'string')
          throw new Error('its signature is not one of the key that was named')
        known = size
        return text
      }
    },
  }
}

const REASONS: Readonly<Record<number, string>> = {
  403: 'it knows another key of this log',
  404: 'it does not know this log: give it the log’s public key',
  409: 'what it signed before is another log than this one',
  422: 'what it signed before is not in this log any more',
}

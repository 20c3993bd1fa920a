import type { ProblemDocument } from '../../../server/src/faces/dashboard/api.js'
import { csrfToken, refusedAt$ } from './who.js'

/** An answer that is none: what happened, and what one can do now. */
export class Problem extends Error {
  override readonly name = 'Problem'
  constructor(
    /** A sentence. */
    message: string,
    /** What to do next, as a sentence. */
    readonly next: string,
    /** Of HTTP; 0 where no answer came. */
    readonly status: number,
  ) {
    super(message)
  }
}

/** Longest wait for an answer. */
const TIMEOUT_MS = 30_000

const NEXT: Readonly<Record<number, string>> = {
  401: 'Log in: the owner of the state directory and the configured users may.',
  403: 'Log in as somebody who may: the role admin acts, the role viewer looks.',
  404: 'Go back to the list: it may have ended, or its events are no longer kept.',
  429: 'Wait a little: the page tries again by itself.',
  503: 'The page tries again by itself. Where it lasts: mcp-vitals doctor',
}

/**
 * Asks the daemon that this page came from. Rejects with a Problem alone, or an AbortError where `signal` says so. After an
 * answer of 401 the page asks who it is: its session may have ended.
 */
export async function ask<T>(path: string, options: { signal?: AbortSignal; body?: object } = {}): Promise<T> {
  const { signal, body } = options
  const limit = AbortSignal.timeout(TIMEOUT_MS)
  const headers: Record<string, string> = { accept: 'application/json' }
  if (body !== undefined) headers['content-type'] = 'application/json'
  const csrf = csrfToken()
  if (body !== undefined && csrf !== undefined) headers['x-csrf-token'] = csrf
  let response: Response
  try {
    response = await fetch(path, {
      headers,
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    })
  } catch (error) {
    if (signal?.aborted) throw error
    throw limit.aborted
      ? new Problem(`No answer within ${TIMEOUT_MS / 1000} seconds.`, 'Ask for a shorter range, or for less.', 0)
      : new Problem('The daemon does not answer.', 'See that it runs: mcp-vitals doctor', 0)
  }
  const answer = (await response.json().catch(() => undefined)) as (T & Partial<ProblemDocument>) | undefined
  if (response.ok && answer !== undefined) return answer
  if (response.status === 401 && path !== LOGIN_PATH) refusedAt$.set(Date.now())
  throw problemOf(response, answer)
}

export const LOGIN_PATH = '/admin/api/login'

function problemOf(response: Response, answer: Partial<ProblemDocument> | undefined): Problem {
  const { status } = response
  const said = typeof answer?.error === 'string' ? answer.error : `The daemon answered ${status} without a reason.`
  const wait = Number(response.headers.get('retry-after'))
  const next =
    wait > 0 ? `Try again in ${wait} s.` : (NEXT[status] ?? 'Try again; where it lasts, mcp-vitals doctor tells more.')
  return new Problem(said, next, status)
}

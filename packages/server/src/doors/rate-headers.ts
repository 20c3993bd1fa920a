import type { Limits } from './books.js'
import type { LimitName } from './options.js'
import { secondsOf } from './refusals.js'

/** The limit that refused, and when it would pass again. */
export interface Refused {
  readonly type: LimitName
  readonly waitMs: number
}

/**
 * `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11) of an answer; none where no limit holds. The policies
 * are those that hold. What is left is told of `own` alone: ids whose calls are the caller's and nobody else's, since what
 * others do is not for it to know. Of a refusal, the limit that refused is told alone, so that `Retry-After` is no earlier.
 */
export function rateHeaders(
  limits: Limits,
  own: Partial<Readonly<Record<LimitName, string | undefined>>>,
  refused: Refused | undefined,
): Readonly<Record<string, string>> {
  const policies: string[] = []
  const left: string[] = []
  for (const [name, rates] of Object.entries(limits)) {
    if (!rates) continue
    const { calls, windowMs } = rates.limit
    policies.push(`"${name}";q=${calls};w=${secondsOf(windowMs)}`)
    const id = own[name as LimitName]
    const mine = id === undefined || refused ? undefined : rates.left(id)
    if (mine) left.push(`"${name}";r=${mine.calls}${mine.nextMs > 0 ? `;t=${secondsOf(mine.nextMs)}` : ''}`)
  }
  if (refused) left.push(`"${refused.type}";r=0;t=${secondsOf(refused.waitMs)}`)
  return {
    ...(policies.length > 0 && { 'RateLimit-Policy': policies.join(', ') }),
    ...(left.length > 0 && { RateLimit: left.join(', ') }),
  }
}

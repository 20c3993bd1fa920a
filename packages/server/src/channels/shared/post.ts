import type { Outcome } from '../../alerts/index.js'
import { type Answer, type Post, post } from '../../http-post/index.js'

export { type Answer, post } from '../../http-post/index.js'

/** Statuses that may pass by themselves. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429])

/** The outcome that a status means, where nothing else tells more. */
export function outcomeOf({ status, retryAfterMs }: Answer, detail = ''): Outcome {
  if (status >= 200 && status < 300) return { is: 'sent' }
  const problem = `answered ${status}${detail && ` ${detail}`}`
  if (status >= 500 || PASSING.has(status)) return { is: 'failed', problem, retryAfterMs }
  return { is: 'refused', problem }
}

/** `outcomeOf` for a post whose answer has no more to say. */
export async function deliver(request: Post): Promise<Outcome> {
  const answer = await post(request)
  return 'is' in answer ? answer : outcomeOf(answer)
}

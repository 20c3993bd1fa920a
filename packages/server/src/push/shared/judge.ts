import type { Answer } from '../../http-post/index.js'
import type { Verdict } from '../contract.js'

/** Most characters of an answer that the log repeats. */
const MAX_SAID_CHARS = 200

/** What a status means, where the answer's text has no more to say. `mayPass`: whether the same body is worth another try. */
export function judge({ status, text, retryAfterMs }: Answer, mayPass: (status: number) => boolean): Verdict {
  if (status >= 200 && status < 300) return { is: 'taken' }
  const said = saidIn(text)
  const problem = `answered ${status}${said && `: ${said}`}`
  return mayPass(status) ? { is: 'failed', problem, retryAfterMs } : { is: 'refused', problem }
}

/** The beginning of what a receiver said, in one line. */
export function saidIn(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, MAX_SAID_CHARS)
}

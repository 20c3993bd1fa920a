/** Holds what the suite found through the gateway against what it found at the server itself. */

/**
 * What the suite tries only where a server answers as it likes best, by check, and why a stdio server behind the gateway
 * gives it no occasion. Any other check that is tried less often than directly counts as worse.
 */
export const NOT_TRIED = {
  'server-sse-priming-event': 'the answer is one JSON body, and there is no stream to begin',
  'server-sse-retry-field': 'the answer is one JSON body, and there is no stream to come back to',
  'server-sse-disconnect-resume': 'a stdio server has no stream that it could close in the middle of a call',
  'server-sse-streams-functional': 'the answers are JSON bodies, which the suite takes without a look inside',
}

/** Numbers of checks by status. */
export function totals(checks) {
  const count = (status) => checks.filter((check) => check.status === status).length
  return { passed: count('SUCCESS'), failed: count('FAILURE'), warnings: count('WARNING') }
}

/**
 * Compares check by check.
 *
 * @returns `worse`: `{ scenario, id, why }` for each check with more failures or warnings, or fewer successes, than
 * directly; `untried`: `{ scenario, id, reason }` for those that {@link NOT_TRIED} explains
 */
export function compare(direct, through) {
  const before = tally(direct)
  const after = tally(through)
  const worse = []
  const untried = []
  for (const [key, { scenario, id, counts }] of new Map([...after, ...before])) {
    const had = before.get(key)?.counts ?? NONE
    const has = after.get(key)?.counts ?? NONE
    const messages = after.get(key)?.messages ?? []
    if (has.FAILURE > had.FAILURE || has.WARNING > had.WARNING)
      worse.push({ scenario, id, why: messages.join('; ') || 'It failed.' })
    else if (tried(has) < tried(had) && NOT_TRIED[id] && tried(has) === 0)
      untried.push({ scenario, id, reason: NOT_TRIED[id] })
    else if (has.SUCCESS < had.SUCCESS)
      worse.push({ scenario, id, why: `${has.SUCCESS} of ${counts.SUCCESS} successes.` })
  }
  return { worse, untried }
}

const NONE = { SUCCESS: 0, FAILURE: 0, WARNING: 0 }
const tried = (counts) => counts.SUCCESS + counts.FAILURE + counts.WARNING

/** Statuses counted by scenario and check; what is only told (`INFO`) is no check. */
function tally(checks) {
  const found = new Map()
  for (const { scenario, id, status, errorMessage } of checks) {
    if (!(status in NONE)) continue
    const key = `${scenario} ${id}`
    if (!found.has(key)) found.set(key, { scenario, id, counts: { ...NONE }, messages: [] })
    const entry = found.get(key)
    entry.counts[status]++
    if (status !== 'SUCCESS') entry.messages.push(errorMessage ?? status)
  }
  return found
}

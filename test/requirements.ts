import { COMMERCE } from './requirements/commerce.js'
import { DUST } from './requirements/dust.js'
import { LETTA } from './requirements/letta.js'
import { MESSAGING } from './requirements/messaging.js'
import { PLUGINS } from './requirements/plugins.js'
import type { Requirement } from './requirements/state.js'
import { TOGETHER } from './requirements/together.js'

/**
 * Every promise of the contract (test/requirements/CONTRACT.md), each kept, kept in part, or open. A test cites what it
 * shows with `promises(…)`; test/repo/requirements.test.ts fails when a kept promise has no such test, when an open one
 * has one, and when the contract says a thing that no promise here says.
 *
 * To close a promise: cite it in a test that would fail without it, and move its line from `open(…)` to `kept({…})`, or
 * to `partly(issue, missing, {…})` when the test shows a part of it.
 */
export const REQUIREMENTS = { ...MESSAGING, ...LETTA, ...COMMERCE, ...DUST, ...PLUGINS, ...TOGETHER } as const

/** The id of a promise. */
export type PromiseId = keyof typeof REQUIREMENTS

/**
 * Cites promises, as the title of the test or the group of tests that shows them: `test(promises('F4.health.always-200'),
 * …)`. The ids stand as literals, since the gate reads them from the source.
 *
 * @returns the ids and what they promise
 * @throws when there is no such promise
 */
export function promises(...ids: readonly [PromiseId, ...PromiseId[]]): string {
  return ids
    .map((id) => {
      const requirement: Requirement | undefined = REQUIREMENTS[id]
      if (requirement === undefined) throw new Error(`test/requirements.ts has no promise ${id}`)
      return `${id}: ${requirement.promise}`
    })
    .join('; ')
}

import { type LabelMatcher, parseSelector, withDeadline } from '../../promql/index.js'

/** How long selectors of rules may take: they are matched on the main loop. */
const LIMITS = { timeoutMs: 200, now: () => performance.now() }

/** The matchers of selectors, for as long as there is time. Throws PROMQL_INVALID. */
export const readSelectors = (texts: readonly string[]): readonly (readonly LabelMatcher[])[] =>
  texts.map((text) => withDeadline(parseSelector(text), LIMITS))

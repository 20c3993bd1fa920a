import { compileMatcher, type LabelMatcher } from '../promql/index.js'
import type { Labels } from './contract.js'
import { MATCHER, matcherProblem } from './matcher-form.js'

const ESCAPED: Readonly<Record<string, string>> = { n: '\n', t: '\t' }

/** Tells whether labels are meant. */
export type LabelTest = (labels: Labels) => boolean

/** One condition on a label, as `severity=~"HIGH|CRITICAL"`: the operators and patterns (RE2) of PromQL. Throws a SyntaxError in words. */
export function parseMatcher(text: string): LabelMatcher {
  const problem = matcherProblem(text)
  if (problem !== undefined) throw new SyntaxError(`${JSON.stringify(text)} ${problem}`)
  const [, name = '', op, quoted, plain] = MATCHER.exec(text) ?? []
  const value = quoted?.replace(/\\(.)/gs, (_, escaped: string) => ESCAPED[escaped] ?? escaped) ?? plain ?? ''
  const matcher = compileMatcher({ name, op: op as LabelMatcher['op'], value })
  if ('problem' in matcher) throw new SyntaxError(`${JSON.stringify(text)} is no matcher: ${matcher.problem}`)
  return matcher
}

/** All of the matchers at once; none match everything. A label that is not there counts as empty. Throws a SyntaxError. */
export function compileMatchers(texts: readonly string[]): LabelTest {
  const matchers = texts.map(parseMatcher)
  return (labels) => matchers.every(({ name, matches }) => matches(labelOf(labels, name)))
}

/** The value of a label, '' where there is none. */
export function labelOf(labels: Labels, name: string): string {
  return Object.hasOwn(labels, name) ? labels[name]! : ''
}

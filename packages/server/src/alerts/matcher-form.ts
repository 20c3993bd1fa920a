import { SEVERITIES } from './contract.js'

/** A label, an operator, and a value that may stand in quotes. */
export const MATCHER = /^\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|([^"\s]*))\s*$/

/** What can be said against a matcher without reading its pattern; undefined: nothing. */
export function matcherProblem(text: string): string | undefined {
  const [, name, op = '', quoted, plain] = MATCHER.exec(text) ?? []
  if (name === undefined) return 'is no matcher; expected: a label, then =, !=, =~ or !~, then "text"'
  const value = quoted ?? plain ?? ''
  if (name === 'severity' && value !== '' && meansNoSeverity(op, value))
    return `means no severity; expected: ${SEVERITIES.join(', ')}`
  return undefined
}

/** Prometheus's rules write `critical`, which is CRITICAL here: a matcher on that would say nothing, and nobody were told. */
function meansNoSeverity(op: string, value: string): boolean {
  return op.endsWith('~') ? /^[a-z()|]+$/.test(value) : !SEVERITIES.some((severity) => severity === value)
}

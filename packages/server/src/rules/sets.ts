import type { RuleGroup } from './contract.js'
import type { RuleSet } from './set-file.js'
import { shippedGroups } from './shipped.js'

/** The prefix of the metrics that the rules of a set name. */
const PREFIXES: Readonly<Record<RuleSet, string>> = {
  own: 'mcp',
  messaging: 'mcp',
  commerce: 'mcp',
  dust: 'mcp_dust_server',
  plugins: 'mcp',
}

/** The rules of a set, for metrics of this prefix. */
export function readRuleSet(set: RuleSet, prefix: string): readonly RuleGroup[] {
  const groups = shippedGroups(set)
  const own = PREFIXES[set]
  if (own === prefix) return groups
  const renamed = (expr: string) => withPrefix(expr, own, prefix)
  return groups.map((group) => ({
    ...group,
    rules: group.rules.map((rule) => ({ ...rule, expr: renamed(rule.expr) })),
  }))
}

/** An expression for metrics of another prefix. Texts stay as they are, and so do the names that no prefix changes. */
export function withPrefix(expr: string, from: string, to: string): string {
  const name = new RegExp(
    `("(?:[^"\\\\]|\\\\.)*"|'(?:[^'\\\\]|\\\\.)*'|\`[^\`]*\`)|\\b${from}_(?!vitals[_:])(?=\\w)`,
    'g',
  )
  return expr.replace(name, (found, text?: string) => text ?? `${to}_${found.slice(from.length + 1)}`)
}

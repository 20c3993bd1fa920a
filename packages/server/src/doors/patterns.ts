import type { Check, Pattern } from './schema-types.js'

/** Longest pattern that is compiled, most instructions that it may become, and most that are kept. */
const MAX_SOURCE_LENGTH = 1000
const MAX_INSTRUCTIONS = 5000
const MAX_KEPT = 1000

/**
 * Compiles the patterns of servers' schemas with RE2, whose time grows with the text alone: a server's pattern must not
 * be able to hold up the daemon. What RE2 does not know (looking ahead or behind, back references) or finds too large is
 * `undefined`. Loaded here, as only a daemon that checks arguments needs it.
 */
export async function createPatterns(): Promise<Check['patterns']> {
  const { RE2JS } = await import('re2js')
  const kept = new Map<string, Pattern | undefined>()

  function compile(source: string): Pattern | undefined {
    if (source.length > MAX_SOURCE_LENGTH) return undefined
    try {
      const compiled = RE2JS.compile(RE2JS.translateRegExp(source))
      const cost = compiled.programSize()
      return cost > MAX_INSTRUCTIONS ? undefined : { cost, test: (text) => compiled.test(text) }
    } catch {
      return undefined
    }
  }

  return (source) => {
    if (kept.has(source)) return kept.get(source)
    const pattern = compile(source)
    // The oldest goes: a server that names new patterns all the time compiles them all the time, and fills no memory.
    if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value!)
    kept.set(source, pattern)
    return pattern
  }
}

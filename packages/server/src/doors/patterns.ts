import type { Check, Pattern } from './schema-types.js'

/** Longest pattern that is compiled, most instructions that it may become, and most that are kept. */
const MAX_SOURCE_LENGTH = 1000
const MAX_INSTRUCTIONS = 2000
const MAX_KEPT = 1000
/** Steps of a check for each instruction that is compiled: a schema may hold many patterns, each a new one. */
const STEPS_PER_INSTRUCTION = 3

/**
 * Compiles the patterns of servers' schemas with RE2, whose time grows with the text alone: a server's pattern must not
 * be able to hold up the daemon. What RE2 does not know (looking ahead or behind, back references) or finds too large is
 * `undefined`. Loaded here, as only a daemon that checks arguments needs it.
 */
export async function createPatterns(): Promise<Check['patterns']> {
  const { RE2JS } = await import('re2js')
  const kept = new Map<string, Pattern | undefined>()

  function compile(source: string, spend: Check['spend']): Pattern | undefined {
    if (source.length > MAX_SOURCE_LENGTH) return undefined
    // Before it is compiled: a thousand characters can ask for a hundred thousand instructions, which take seconds.
    const size = sizeOf(source)
    if (size > MAX_INSTRUCTIONS) return undefined
    spend(size * STEPS_PER_INSTRUCTION)
    try {
      const compiled = RE2JS.compile(RE2JS.translateRegExp(source))
      const cost = compiled.programSize()
      return cost > MAX_INSTRUCTIONS ? undefined : { cost, test: (text) => compiled.test(text) }
    } catch {
      return undefined
    }
  }

  return (source, spend) => {
    if (kept.has(source)) return kept.get(source)
    const pattern = compile(source, spend)
    // The oldest goes: a server that names new patterns all the time compiles them all the time, and fills no memory.
    if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value!)
    kept.set(source, pattern)
    return pattern
  }
}

/** What can be repeated: a group, a class, an escape, any other character. And how often. */
const TOKEN =
  /\((?:\?(?:[:=!]|<[=!]|P?<\w+>|[a-z-]+[:)]))?|\)|\[\^?\]?(?:\\.|[^\]\\])*\]|\\(?:[pPxu]\{[^}]*\}|.)|\{(\d+)(?:,(\d*))?\}|./gs

/** About how many instructions a pattern becomes: repetitions are written out, those within others multiplied. */
function sizeOf(source: string): number {
  let open = { sum: 0, last: 0 }
  const outer: { sum: number; last: number }[] = []
  for (const [token, least, most] of source.matchAll(TOKEN)) {
    if (token.startsWith('(')) {
      outer.push(open)
      open = { sum: 0, last: 0 }
    } else if (token === ')') {
      const inner = open.sum + 2
      const around = outer.pop() ?? { sum: 0, last: 0 }
      open = { sum: around.sum + inner, last: inner }
    } else if (least !== undefined) {
      const times = Math.max(Number(least), Number(most || 0), 1)
      open.sum += open.last * (times - 1)
      open.last *= times
    } else {
      const isStar = token === '*' || token === '+' || token === '?'
      open.sum++
      if (!isStar) open.last = 1
    }
  }
  return outer.reduce((sum, frame) => sum + frame.sum, open.sum)
}

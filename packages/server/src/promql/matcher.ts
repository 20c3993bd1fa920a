import { RE2JS, RE2Set } from 're2js'
import type { LabelMatcher, Matcher } from './contract.js'

/** Longest pattern, most instructions that it may become (about), patterns kept, and memory of each, in bytes. */
const MAX_PATTERN_LENGTH = 1000
const MAX_INSTRUCTIONS = 10_000
const MAX_KEPT = 64
const MAX_STATE_BYTES = 262_144

/** A pattern that has to match the whole of a text; `.` is any character, as in Prometheus 3. */
export interface Pattern {
  test(text: string): boolean
  /** The text of each group, the whole first; undefined where the pattern does not match. */
  groups(text: string): Groups | undefined
}

export interface Groups {
  readonly texts: readonly string[]
  readonly names: Readonly<Record<string, number>>
}

/** Kept as long as they are asked for: the one that was not for longest goes first. */
const kept = new Map<string, Pattern>()

/** Compiles a pattern of RE2, or tells what is wrong with it. Its time grows with the text alone. */
export function compilePattern(source: string): Pattern | { readonly problem: string } {
  const known = kept.get(source)
  if (known !== undefined) {
    kept.delete(source)
    kept.set(source, known)
    return known
  }
  const made = literalPattern(source) ?? realPattern(source)
  if ('problem' in made) return made
  if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value!)
  kept.set(source, made)
  return made
}

function realPattern(source: string): Pattern | { readonly problem: string } {
  if (source.length > MAX_PATTERN_LENGTH)
    return { problem: `a pattern may have ${MAX_PATTERN_LENGTH} characters, this has ${source.length}` }
  // Before it is compiled: repetitions are written out, at most a thousandfold by RE2's own rule.
  const repeats = [...source.matchAll(/\{(\d+)(?:,(\d*))?\}/g)].map(([, least, most]) => Number(most || least))
  const times = Math.min(
    1000,
    repeats.reduce((product, count) => product * Math.max(count, 1), 1),
  )
  if (source.length * times > MAX_INSTRUCTIONS) return { problem: 'the repetitions of this pattern make it too large' }
  try {
    const set = new RE2Set(RE2Set.ANCHOR_BOTH, RE2JS.DOTALL, MAX_STATE_BYTES)
    set.add(source)
    set.compile()
    let whole: RE2JS | undefined
    return {
      test: (text) => set.match(text).length > 0,
      groups(text) {
        whole ??= RE2JS.compile(source, RE2JS.DOTALL)
        const matcher = whole.matcher(text)
        if (!matcher.matches()) return undefined
        const count = whole.groupCount()
        return {
          texts: Array.from({ length: count + 1 }, (_, index) => matcher.group(index) ?? ''),
          names: whole.namedGroups(),
        }
      },
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace('error parsing regexp: ', '') : String(error)
    return { problem: `the pattern is no RE2 expression (${reason})` }
  }
}

/** Words with `|` between them, `.*` and `.+` need no machine. */
function literalPattern(source: string): Pattern | undefined {
  const none: Groups['names'] = {}
  const simple = (test: (text: string) => boolean): Pattern => ({
    test,
    groups: (text) => (test(text) ? { texts: [text], names: none } : undefined),
  })
  if (source === '.*') return simple(() => true)
  if (source === '.+') return simple((text) => text !== '')
  if (!/^[\w:/ -]*(?:\|[\w:/ -]*)*$/.test(source)) return undefined
  const words = new Set(source.split('|'))
  return simple((text) => words.has(text))
}

/** The matcher as something to ask, or what is wrong with its pattern. */
export function compileMatcher({ name, op, value }: Matcher): LabelMatcher | { readonly problem: string } {
  if (op === '=') return { name, op, value, matches: (text) => text === value }
  if (op === '!=') return { name, op, value, matches: (text) => text !== value }
  const pattern = compilePattern(value)
  if ('problem' in pattern) return pattern
  const wanted = op === '=~'
  return { name, op, value, matches: (text) => pattern.test(text) === wanted }
}

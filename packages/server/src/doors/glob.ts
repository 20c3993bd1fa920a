/**
 * Compiles patterns in which `*` stands for any text, the empty one too; every other character is itself, compared code
 * unit by code unit: a name in another Unicode form is another name. Linear in the text's length times the stars.
 */
export function createGlobs(patterns: readonly string[]): (text: string) => boolean {
  const compiled = patterns.map((pattern) => pattern.split('*'))
  return (text) => compiled.some((parts) => matches(parts, text))
}

function matches(parts: readonly string[], text: string): boolean {
  const [first = '', ...rest] = parts
  const last = rest.pop()
  if (last === undefined) return text === first
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false
  const end = text.length - last.length
  let at = first.length
  for (const part of rest) {
    const found = text.indexOf(part, at)
    if (found < 0 || found + part.length > end) return false
    at = found + part.length
  }
  return true
}

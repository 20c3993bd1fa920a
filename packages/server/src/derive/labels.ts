/** What stands for every value that is not listed, or that comes after too many others. */
export const OTHER = 'other'

/** Distinct labels that one field keeps where its derivation lists none. */
export const DEFAULT_MAX_VALUES = 100

/** Turns texts into labels of which there is a bounded number: who invents values grows nothing and evicts nobody. */
export type Label = (text: string) => string

/** Labels of this list; any other text is `other`. */
export function listedLabel(values: readonly string[]): Label {
  const listed = new Set(values)
  return (text) => (listed.has(text) ? text : OTHER)
}

/** The first `maxValues` texts of at most `maxLength` UTF-16 units; any other is `other`. */
export function firstLabel(maxValues: number, maxLength: number): Label {
  const seen = new Set<string>()
  return (text) => {
    if (seen.has(text)) return text
    if (seen.size >= maxValues || text.length > maxLength) return OTHER
    seen.add(text)
    return text
  }
}

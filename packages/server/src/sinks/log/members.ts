/** Members of a JSON object as they stand behind others: `,"name":value` for each. */
export type Members = string

// A name that comes from outside may carry line breaks (a forged line), terminal commands, or marks that turn the
// reading direction. In JSON the first 32 characters are escaped already, and an escape stands for the character itself.
const UNSAFE = /[\u007F-\u009F\u2028\u2029\u200E\u200F\u202A-\u202E\u2066-\u2069]/g

/** Nothing of it is escaped: most of what is written. */
const PLAIN = /^[ !#-[\]-~]*$/

/** A string in JSON. A look at it is cheaper than to have it written. */
export function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text).replace(UNSAFE, escaped)
}

/** The members of this object; none where all of it is undefined. */
export function membersOf(object: Readonly<Record<string, unknown>>): Members {
  const text = JSON.stringify(object).replace(UNSAFE, escaped).slice(1, -1)
  return text === '' ? '' : `,${text}`
}

/** The escape that JSON has for a character. */
export function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

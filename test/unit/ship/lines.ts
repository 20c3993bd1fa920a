import { firstLines, type Line, type Lines } from '../../../packages/instrument/src/ship/index.js'

/** Numbered events as they wait and travel. */
export function pack(lines: readonly Line[]): Lines {
  const bytes = new TextEncoder().encode(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  return firstLines(bytes, { maxEvents: lines.length, maxBytes: bytes.length })
}

/** The same as objects, and a check of what is said of them. */
export function unpack({ bytes, count, first, last }: Lines): readonly Line[] {
  const lines = new TextDecoder().decode(bytes).split('\n').slice(0, -1)
  const found = lines.map((line) => JSON.parse(line) as Line)
  if (found.length !== count || (found[0]?.seq ?? 0) !== first || (found.at(-1)?.seq ?? 0) !== last)
    throw new Error(`${count} lines from ${first} to ${last} hold ${JSON.stringify(found)}`)
  return found
}

/** Longest help that is read, in characters: beyond it nobody reads either. */
export const MAX_HELP_CHARACTERS = 65_536

/** Of a usage, which is taken apart bracket by bracket. */
const MAX_USAGE_CHARACTERS = 4096

/** One section of a help: what stands below a heading. */
export interface Section {
  /** In small letters, without its colon. */
  readonly title: string
  /** What stands behind the heading, on its own line. */
  readonly beside: string
  readonly lines: readonly string[]
}

/** A help as its sections. Frames, colours and control characters that terminals draw with are taken out. */
export function readHelp(text: string): { readonly usage: string; readonly sections: readonly Section[] } {
  const lines = plainLines(text)
  const usage: string[] = []
  const sections: { title: string; beside: string; lines: string[] }[] = []
  let isUsage = false
  for (const line of lines) {
    const heading = headingOf(line)
    if (heading) {
      isUsage = heading.title === 'usage'
      if (isUsage) usage.push(heading.beside)
      else sections.push({ ...heading, lines: [] })
      continue
    }
    if (isUsage) {
      if (line.trim() !== '') usage.push(line.trim())
      else if (usage.some((part) => part !== '')) isUsage = false
    } else sections.at(-1)?.lines.push(line)
  }
  return { usage: usage.join(' ').trim().slice(0, MAX_USAGE_CHARACTERS), sections }
}

/** `Options:`, `Available commands: send, read`, and rich's `╭─ Options ─────╮`, which `plainLines` made the same. */
function headingOf(line: string): { title: string; beside: string } | undefined {
  const [, title, beside = ''] = /^ ?([A-Za-z][A-Za-z ]{1,40}):(?:[ \t]+(.*))?$/.exec(line) ?? []
  if (title === undefined) return undefined
  const isUsage = /^usage$/i.test(title)
  // A sentence with a colon in it is no heading; a list behind one is.
  if (beside !== '' && !isUsage && !/commands$/i.test(title)) return undefined
  return { title: title.toLowerCase(), beside: beside.trim() }
}

const COLOURS = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]`, 'g')
const FRAME_TOP = /^\s*[╭┌+][─-]+ ?([A-Za-z][A-Za-z ]*?) ?[─-]+[╮┐+]\s*$/
const FRAME_BOTTOM = /^\s*[╰└+][─-]+[╯┘+]\s*$/
const FRAME_ROW = /^\s*[│|] (.*?)[│|]\s*$/

function plainLines(text: string): readonly string[] {
  return text
    .slice(0, MAX_HELP_CHARACTERS)
    .replace(COLOURS, '')
    .split(/\r?\n/)
    .map((raw) => {
      const line = raw
        .replace(/\t/g, '    ')
        .replace(/\p{Cc}/gu, '')
        .trimEnd()
      const title = FRAME_TOP.exec(line)?.[1]
      if (title !== undefined) return `${title}:`
      if (FRAME_BOTTOM.test(line)) return ''
      const row = FRAME_ROW.exec(line)?.[1]
      // Rich marks what is required with a star in a column of its own.
      return row === undefined ? line : `  ${row.replace(/^\*(?=\s)/, ' ').trimEnd()}`
    })
}

/** How far a line is indented. */
export function indentOf(line: string): number {
  return line.length - line.trimStart().length
}

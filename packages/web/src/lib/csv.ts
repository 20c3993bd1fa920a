import { plain } from './text.js'

/**
 * A cell of CSV. Names come from strangers: what a spreadsheet would take for a formula gets an apostrophe in front, and
 * characters that hide or turn others are written out, as on the page.
 */
function cell(value: string | number | undefined | null): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'number') return String(value)
  const told = plain(value)
  const text = /^[=+\-@＝＋－＠]/.test(told) ? `'${told}` : told
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

export type Row = readonly (string | number | undefined | null)[]

/** Lines of RFC 4180. */
export const csv = (rows: readonly Row[]): string => `${rows.map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`

/** Hands a file to the person. */
export function save(name: string, content: Blob | string, type = 'text/csv;charset=utf-8'): void {
  const blob = typeof content === 'string' ? new Blob([content], { type }) : content
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name.replace(/[^\w.-]+/g, '-').slice(0, 100)
  link.click()
  // The download has begun when the click is over; some browsers read the blob a little later.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}

import type { Range } from '../lib/range.js'

/** The query of a table's route: the range, and the filters that are set. */
export function tableQuery({ from, to }: Range, filters: Readonly<Record<string, string | undefined>>): string {
  const params = new URLSearchParams({ from: String(Math.floor(from)), to: String(Math.ceil(to)) })
  for (const [name, value] of Object.entries(filters)) if (value) params.set(name, value)
  return params.toString()
}

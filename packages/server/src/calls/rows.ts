import type { Names } from './names.js'
import { newSlot, type Slot } from './slot.js'
import type { KeptLevel } from './track.js'

/**
 * A slot as it is kept: `server` and `tool` are empty for all requests together. `usage`: a day of tokens and money. `told`: up
 * to when all of them are whole, milliseconds since 1970.
 */
export interface KeptRow {
  readonly level: KeptLevel | 'usage' | 'told'
  /** Number of the slot. */
  readonly at: number
  readonly server: string
  readonly tool: string
  /** JSON. */
  readonly body: string
}

/** Lists of names, whose numbers are those of one process alone. */
export interface NameLists {
  readonly clients: Names
  readonly errors: Names
}

/** Names stand in the row as texts, numbers as they are. */
interface Body extends Omit<Slot, 'at' | 'errors' | 'clients' | 'p95'> {
  readonly errors: readonly (string | number)[]
  readonly clients: readonly (string | number)[]
}

export function encodeRow(
  key: { readonly level: KeptLevel; readonly server: string; readonly tool: string },
  { at, p95: _, errors, clients, ...numbers }: Slot,
  names: NameLists,
): KeptRow {
  const named = (list: readonly number[], width: number, of: Names) =>
    list.map((value, index) => (index % width === 0 ? of.textOf(value) : value))
  const body: Body = {
    ...numbers,
    errors: named(errors, 2, names.errors),
    clients: named(clients, 3, names.clients),
  }
  return { ...key, at, body: JSON.stringify(body) }
}

export function decodeRow({ at, body }: Pick<KeptRow, 'at' | 'body'>, names: NameLists): Slot {
  const numbered = (list: readonly (string | number)[], of: Names) =>
    list.map((value) => (typeof value === 'string' ? of.numberOf(value) : value))
  const { errors, clients, ...numbers } = JSON.parse(body) as Body
  return {
    ...newSlot(at),
    ...numbers,
    errors: numbered(errors, names.errors),
    clients: numbered(clients, names.clients),
  }
}

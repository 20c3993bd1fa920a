import { ENVELOPE, EVENTS, type EventOf, type Field } from '@mcp-vitals/instrument/event'

/** Events that a derivation may give: what only an application knows, beside what the protocol itself tells. */
export const DERIVABLE = [
  'message',
  'webhook',
  'agent',
  'voice',
  'usage',
  'business',
  'provider',
  'plugin',
  'auth',
  'limit',
  'validation',
  'security',
  'error',
] as const
export type DerivableEvent = (typeof DERIVABLE)[number]

/** Which calls a derivation reads: those that succeeded, those that failed (a cancelled one did neither), or all. */
export const OCCASIONS = ['success', 'error', 'any'] as const
export type Occasion = (typeof OCCASIONS)[number]

/** A value as a configuration or a message holds it. */
export type Plain = string | number | boolean

/** Where in a call a field’s value is read. Exactly one of `argument` and `result` is there. */
export interface Source {
  /** Below the call’s `arguments`. Keys joined by dots, or a list of keys. */
  readonly argument?: string | readonly string[]
  /** Below the result’s `structuredContent`, else below its `_meta`. */
  readonly result?: string | readonly string[]
  /** The labels there are; any other text becomes `other`. */
  readonly values?: readonly string[]
  /** Most distinct labels where `values` lists none; later ones become `other`. Default 100. */
  readonly maxValues?: number
  /** Taken where the call has no value there. */
  readonly default?: Plain
}

/** One derivation as it is written: the calls that it reads, the event that it gives, and that event’s fields. */
export interface Derivation {
  /** Pattern of the server’s name; every server where absent. */
  readonly server?: string
  /** Pattern of the tool’s name. */
  readonly tool: string
  /** Default `success`. */
  readonly on?: Occasion
  readonly event: DerivableEvent
  /** A constant, or where to read it. */
  readonly [field: string]: Plain | Source | undefined
}

/** Keys of a derivation that are no fields of its event. */
export const OWN_KEYS: readonly string[] = ['server', 'tool', 'on', 'event']

type Call = EventOf<'request.ended'>

/** What a field holds where its derivation says nothing: read off the call’s own facts. */
export interface Supply {
  readonly doc: string
  of(call: Call): Plain | undefined
}

const CALL: Readonly<Record<'ok' | 'durationMs' | 'outcome' | 'tool' | 'server', Supply>> = {
  ok: { doc: 'whether the call succeeded', of: ({ outcome }) => outcome === 'ok' },
  durationMs: { doc: 'the duration of the call', of: ({ durationMs }) => durationMs },
  outcome: { doc: 'the outcome of the call', of: ({ outcome }) => outcome },
  tool: { doc: 'the name of the tool', of: ({ name }) => name },
  server: { doc: 'the name of the server', of: ({ server }) => server },
}
const constant = (value: Plain): Supply => ({ doc: `\`${value}\``, of: () => value })

const SUPPLIES: { readonly [E in DerivableEvent]?: Readonly<Record<string, Supply>> } = {
  message: { ok: CALL.ok },
  usage: { estimated: constant(false), name: CALL.tool },
  business: { value: constant(1) },
  provider: { ok: CALL.ok, durationMs: CALL.durationMs },
  plugin: { plugin: CALL.server, command: CALL.tool, outcome: CALL.outcome, durationMs: CALL.durationMs },
  validation: { name: CALL.tool },
  error: { name: CALL.tool },
}

/** Texts that tell things apart rather than group them: never `other`. */
const IDENTIFIERS: readonly string[] = ['agent', 'id']

/** One field of an event, as a derivation may fill it. */
export interface DerivedField {
  readonly name: string
  readonly field: Field<unknown>
  readonly supply: Supply | undefined
  /** The derivation must say it: the event needs it and the call does not have it. */
  readonly required: boolean
  /** A text that becomes one of a bounded number of labels. */
  readonly isLabel: boolean
}

/** The fields of an event, `agent` of its envelope included, from the one table of events. */
export function fieldsOf(event: DerivableEvent): readonly DerivedField[] {
  const declared: Readonly<Record<string, Field<unknown>>> = { ...EVENTS[event].fields, agent: ENVELOPE.agent }
  return Object.entries(declared).map(([name, field]) => {
    const supply = SUPPLIES[event]?.[name]
    const isLabel = field.kind === 'text' && !IDENTIFIERS.includes(name)
    return { name, field, supply, required: !field.optional && supply === undefined, isLabel }
  })
}

/** The keys of a path. */
export function keysOf(path: string | readonly string[]): readonly string[] {
  return typeof path === 'string' ? path.split('.') : path
}

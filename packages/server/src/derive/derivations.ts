import { type Event, type EventOf, event, fits, type Origin } from '@mcp-vitals/instrument/event'
import { type CallValue, type ExtractionRules, matcher, type WantedValue } from '@mcp-vitals/instrument/mcp'
import { DEFAULT_MAX_VALUES, firstLabel, type Label, listedLabel } from './labels.js'
import {
  type DerivableEvent,
  type Derivation,
  type DerivedField,
  fieldsOf,
  keysOf,
  type Occasion,
  type Plain,
  type Source,
} from './shape.js'

type Call = EventOf<'request.ended'>
type Values = readonly (CallValue | undefined)[]
type Missed = { readonly result: 'missing' | 'invalid' }
/** What a field gets from a call. */
type Fill = (call: Call, values: Values) => { readonly value: Plain } | Missed

/** Longest number that is read, in characters; no word of a closed list is longer. */
const NUMBER_LENGTH = 64
/** Tools of one server whose derivations are remembered; beyond it they are looked up anew. */
const REMEMBERED_TOOLS = 1000

/** Compiled derivations. Labels are bounded over all servers and sessions together. */
export interface Derivations {
  /** What is read off the calls of this server, and the events that come of it; `undefined` where nothing is. */
  rulesOf(server: string): ExtractionRules | undefined
}

/** Compiles derivations, which were checked by `derivationOptions`. */
export function createDerivations(derivations: readonly Derivation[]): Derivations {
  const labels = derivations.map(labelsOf)
  return {
    rulesOf(server) {
      const wanted = new WantedValues()
      const rules = derivations.flatMap((derivation, index) =>
        matcher(derivation.server ?? '*')(server) ? [ruleOf(derivation, labels[index]!, wanted)] : [],
      )
      return rules.length === 0 ? undefined : rulesFor(rules, wanted)
    },
  }
}

/** One derivation, compiled for one server. */
interface Rule {
  readonly matches: (tool: string) => boolean
  readonly on: Occasion
  readonly event: DerivableEvent
  readonly fills: readonly { readonly name: string; readonly fill: Fill }[]
  /** Places of what it reads. */
  readonly places: readonly number[]
}

function rulesFor(rules: readonly Rule[], wanted: WantedValues): ExtractionRules {
  const remembered = new Map<string, readonly Rule[]>()
  function rulesOfTool(tool: string): readonly Rule[] {
    const known = remembered.get(tool)
    if (known) return known
    const found = rules.filter(({ matches }) => matches(tool))
    if (remembered.size < REMEMBERED_TOOLS) remembered.set(tool, found)
    return found
  }
  return {
    wanted: wanted.list,
    placesOf(tool) {
      const found = rulesOfTool(tool)
      return found.length === 0 ? undefined : [...new Set(found.flatMap(({ places }) => places))]
    },
    derive: (ended, values) =>
      rulesOfTool(ended.name ?? '')
        .filter(({ on }) => isOccasion(on, ended))
        .map((rule) => derive(rule, ended, values)),
  }
}

function isOccasion(on: Occasion, { outcome }: Call): boolean {
  if (on === 'any') return true
  if (outcome === 'ok') return on === 'success'
  return on === 'error' && outcome !== 'cancelled' && outcome !== 'replaced'
}

function derive(rule: Rule, ended: Call, values: Values): Event {
  const fields: Record<string, Plain> = {}
  for (const { name, fill } of rule.fills) {
    const filled = fill(ended, values)
    if ('value' in filled) fields[name] = filled.value
    else return missed(rule.event, name, filled, ended)
  }
  const { agent, ...own } = fields
  const origin = { ...originOf(ended), ...(agent !== undefined && { agent: String(agent) }), derived: true }
  // The fields were filled after the event’s own declaration, which TypeScript cannot follow.
  return event(rule.event, ended.at, origin, own as never) as Event
}

function missed(type: DerivableEvent, field: string, { result }: Missed, ended: Call): Event {
  const name = ended.name === undefined ? {} : { name: ended.name }
  return event('derivation', ended.at, originOf(ended), { ...name, event: type, field, result })
}

function originOf({ server, session, transport, agent, traceId }: Call): Origin {
  return {
    server,
    ...(session !== undefined && { session }),
    ...(transport !== undefined && { transport }),
    ...(agent !== undefined && { agent }),
    ...(traceId !== undefined && { traceId }),
  }
}

/** What is read off a server’s calls: one place for each path, however many derivations read it. */
class WantedValues {
  readonly list: WantedValue[] = []
  readonly #places = new Map<string, number>()

  placeOf(from: WantedValue['from'], path: readonly string[], maxLength: number): number {
    const key = JSON.stringify([from, path])
    const place = this.#places.get(key) ?? this.list.length
    this.#places.set(key, place)
    this.list[place] = { from, path, maxLength: Math.max(maxLength, this.list[place]?.maxLength ?? 0) }
    return place
  }
}

type Labels = Readonly<Record<string, Label>>

function labelsOf(derivation: Derivation): Labels {
  const labels = fieldsOf(derivation.event).flatMap(({ name, field, isLabel }) => {
    const given = derivation[name]
    if (!isLabel || !isSource(given)) return []
    const { values, maxValues = DEFAULT_MAX_VALUES } = given
    return [[name, values ? listedLabel(values) : firstLabel(maxValues, field.maxLength!)] as const]
  })
  return Object.fromEntries(labels)
}

function ruleOf(derivation: Derivation, labels: Labels, wanted: WantedValues): Rule {
  const places: number[] = []
  const fills = fieldsOf(derivation.event).flatMap((field) => {
    const given = derivation[field.name]
    if (!isSource(given)) return constantFill(field, given)
    const from = given.argument === undefined ? 'result' : 'arguments'
    const path = keysOf(given.argument ?? given.result!)
    const place = wanted.placeOf(from, path, field.field.maxLength ?? NUMBER_LENGTH)
    places.push(place)
    return [{ name: field.name, fill: sourceFill(field, given, place, labels[field.name]) }]
  })
  const { tool, on = 'success', event: type } = derivation
  return { matches: matcher(tool), on, event: type, fills, places }
}

function constantFill({ name, supply }: DerivedField, given: Plain | undefined): Rule['fills'] {
  if (given !== undefined) return [{ name, fill: () => ({ value: given }) }]
  if (!supply) return []
  const fill: Fill = (call) => {
    const value = supply.of(call)
    return value === undefined ? { result: 'missing' } : { value }
  }
  return [{ name, fill }]
}

function sourceFill({ field }: DerivedField, source: Source, place: number, label: Label | undefined): Fill {
  return (_, values) => {
    const found = values[place] === '' ? undefined : values[place]
    const value = found ?? source.default
    if (value === undefined) return { result: 'missing' }
    if (found === undefined) return { value }
    const taken = field.kind === 'text' ? textOf(value) : value
    if (label && typeof taken === 'string') return { value: label(taken) }
    return taken !== undefined && fits(field, taken) ? { value: taken } : { result: 'invalid' }
  }
}

/** A text, or a whole number as one: ids are often numbers. */
function textOf(value: Plain): string | undefined {
  if (typeof value === 'string') return value
  return Number.isSafeInteger(value) ? String(value) : undefined
}

function isSource(given: Plain | Source | undefined): given is Source {
  return typeof given === 'object'
}

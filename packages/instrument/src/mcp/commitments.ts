import { type EventOf, event, VALUE_LIMITS, type Values, withValues } from '../event/index.js'
import type { CallValue, ExtractionRules, WantedValue } from './call-reading.js'
import { matcher } from './pattern.js'

/** A value of calls that the audit log shall commit to. Exactly one of `argument` and `result` is there. */
export interface CommittedValue {
  /** Tool, as `<tool>` or `<server>.<tool>`; `*` stands for any letters. */
  readonly tool: string
  /** Keys below the call’s `arguments`, joined by dots. */
  readonly argument?: string | undefined
  /** Keys below the result’s `structuredContent`, else below its `_meta`, joined by dots. */
  readonly result?: string | undefined
}

/** What is read off the calls of a server, for an event `commitment` of each that has any of it; `undefined`: nothing. */
export function commitmentRules(committed: readonly CommittedValue[], server: string): ExtractionRules | undefined {
  const reads = committed.map(({ tool, argument, result }) => {
    const matches = matcher(tool)
    return {
      isOf: (called: string) => matches(called) || matches(`${server}.${called}`),
      field: argument === undefined ? `result.${result}` : `arguments.${argument}`,
    }
  })
  const placesOf = (tool: string) => reads.flatMap(({ isOf }, place) => (isOf(tool) ? [place] : []))
  if (reads.length === 0) return undefined
  return {
    wanted: committed.map(wantedOf),
    placesOf(tool) {
      const places = placesOf(tool)
      return places.length === 0 ? undefined : places
    },
    derive(ended, values) {
      const found = placesOf(ended.name ?? '').flatMap((place) => {
        const value = values[place]
        return value === undefined ? [] : [[reads[place]!.field, value] as const]
      })
      return found.length === 0 ? [] : [commitmentOf(ended, Object.fromEntries(found))]
    },
  }
}

function wantedOf({ argument, result }: CommittedValue): WantedValue {
  const path = (argument ?? result ?? '').split('.')
  return { from: argument === undefined ? 'result' : 'arguments', path, maxLength: VALUE_LIMITS.textChars }
}

function commitmentOf(ended: EventOf<'request.ended'>, found: Values): EventOf<'commitment'> {
  const { name, operation } = ended
  const told = { ...(name !== undefined && { name }), operation, fields: Object.keys(found) }
  const fitting = Object.entries(found).filter(([, value]) => isWhole(value))
  return withValues(event('commitment', ended.at, ended, told), Object.fromEntries(fitting))
}

/** What was cut would be another value. */
function isWhole(value: CallValue): boolean {
  return typeof value !== 'string' || value.length <= VALUE_LIMITS.textChars
}

/** Reads for both: what they both want is read once. */
export function joinRules(
  first: ExtractionRules | undefined,
  second: ExtractionRules | undefined,
): ExtractionRules | undefined {
  if (!first || !second) return first ?? second
  const wanted = [...first.wanted]
  const places = second.wanted.map((value) => {
    const key = keyOf(value)
    const known = wanted.findIndex((other) => keyOf(other) === key)
    if (known < 0) return wanted.push(value) - 1
    const { maxLength } = wanted[known]!
    wanted[known] = { ...value, maxLength: Math.max(maxLength, value.maxLength) }
    return known
  })
  return {
    wanted,
    placesOf(tool) {
      const [ofFirst, ofSecond] = [first.placesOf(tool), second.placesOf(tool)]
      if (!ofFirst && !ofSecond) return undefined
      return [...new Set([...(ofFirst ?? []), ...(ofSecond ?? []).map((place) => places[place]!)])]
    },
    derive: (ended, values) => [
      ...first.derive(ended, values),
      ...second.derive(
        ended,
        places.map((place) => values[place]),
      ),
    ],
  }
}

const keyOf = ({ from, path }: WantedValue) => JSON.stringify([from, path])

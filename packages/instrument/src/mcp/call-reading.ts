import type { Event, EventOf } from '../event/index.js'
import type { Captured } from './paths.js'
import type { Tree } from './trie.js'

/** A value read off a call. */
export type CallValue = string | number | boolean

/** One value that is read off calls, beyond the allow-list. */
export interface WantedValue {
  /** `arguments`: below `params.arguments`. `result`: below `result.structuredContent`, else below `result._meta`. */
  readonly from: 'arguments' | 'result'
  /** Keys of objects, at least one. None of a result may be a name of the protocol’s own (`io.modelcontextprotocol/…`). */
  readonly path: readonly string[]
  /** Most UTF-16 units kept of a text; of a longer one two more are kept, so that it can be told. */
  readonly maxLength: number
}

/** What is read off which tools’ calls, and what becomes of it. */
export interface ExtractionRules {
  readonly wanted: readonly WantedValue[]
  /** Places in `wanted` of what is read off calls of this tool; `undefined` where they are not watched. */
  placesOf(tool: string): readonly number[] | undefined
  /**
   * Events of a call that ended, to be published after `ended`. `values`: by their places in `wanted`; other tools’ values
   * are never there. Must not throw.
   */
  derive(ended: EventOf<'request.ended'>, values: readonly (CallValue | undefined)[]): readonly Event[]
}

/** What reads values off tool calls, however messages come. */
export interface CallReader {
  /** Begins to read a call of this tool; `undefined` where none of its calls is watched. `asked`: of the request. */
  begin(tool: string, asked: Captured): CallReading | undefined
  /** Where messages are bytes: the allow-list and what is wanted beyond it. */
  readonly tree?: Tree
  /** Where messages are objects: adds what is wanted of one to its fields. May throw where a getter of the message does. */
  read?(message: unknown, fields: object): void
}

/**
 * Where an answer holds the result of a call: in the answer itself (of the call, or of `tasks/result`), within the task
 * that it tells of, or within the task that a notification tells of.
 */
export type ResultPlace = 'answer' | 'task' | 'notification'

const RESULT_PLACES: Readonly<Record<ResultPlace, readonly string[]>> = {
  answer: ['result'],
  task: ['result', 'result'],
  notification: ['params', 'result'],
}
const RESULT_PARTS = ['structuredContent', '_meta'] as const

/** More than the longest: a text that does not fit can be told from one that does, however its end is cut. */
const BEYOND = 2

/** One way to a value that is wanted: below which keys, and what it is called among the fields of a message. */
export interface WayTo {
  readonly name: string
  readonly path: readonly string[]
  /** Most UTF-16 units that are kept. */
  readonly limit: number
}

/** All ways to what rules want. */
export function waysOf(wanted: readonly WantedValue[]): readonly WayTo[] {
  return wanted.flatMap(({ from, path, maxLength }, place) => {
    const limit = maxLength + BEYOND
    if (from === 'arguments') return [{ name: argumentName(place), path: ['params', 'arguments', ...path], limit }]
    return (Object.entries(RESULT_PLACES) as [ResultPlace, readonly string[]][]).flatMap(([where, before]) =>
      RESULT_PARTS.map((part) => ({ name: resultName(place, where, part), path: [...before, part, ...path], limit })),
    )
  })
}

/** What is read off one call, over all its rounds, until it gives its events. */
export class CallReading {
  readonly #rules: ExtractionRules
  readonly #places: readonly number[]
  readonly #values: (CallValue | undefined)[] = []
  #answered = false

  constructor(rules: ExtractionRules, places: readonly number[], asked: Captured) {
    this.#rules = rules
    this.#places = places
    for (const place of places) this.#values[place] = taken(asked, argumentName(place))
  }

  /** Something is read off its result, and none was seen yet. */
  get awaitsResult(): boolean {
    return !this.#answered && this.#places.some((place) => this.#rules.wanted[place]?.from === 'result')
  }

  /** An answer or a notification that may hold its result. */
  answered(fields: Captured, where: ResultPlace): void {
    for (const place of this.#places) {
      if (this.#rules.wanted[place]?.from !== 'result') continue
      const [inContent, inMeta] = RESULT_PARTS.map((part) => taken(fields, resultName(place, where, part)))
      this.#values[place] = inContent ?? inMeta ?? this.#values[place]
    }
    this.#answered ||= where === 'answer' || this.#places.some((place) => this.#hasResult(place))
  }

  derive(ended: EventOf<'request.ended'>): readonly Event[] {
    return this.#rules.derive(ended, this.#values)
  }

  #hasResult(place: number): boolean {
    return this.#rules.wanted[place]?.from === 'result' && this.#values[place] !== undefined
  }
}

function argumentName(place: number): string {
  return `argument ${place}`
}

function resultName(place: number, where: ResultPlace, part: string): string {
  return `result ${place} ${where} ${part}`
}

function taken(fields: Captured, name: string): CallValue | undefined {
  return (fields as Readonly<Record<string, CallValue | undefined>>)[name]
}

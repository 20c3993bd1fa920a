import { ENVELOPE, EVENTS, type Event, type EventType, type Field } from '@mcp-vitals/instrument/event'
import type { IdMask } from './ids.js'
import { redactName, redactSentence } from './redact.js'

/** Most texts that are remembered as clean, in each of two generations. */
const GENERATION_SIZE = 2_048

/** Ids by which events belong together: none is replaced by a word that another has too. */
const IDS: ReadonlySet<string> = new Set(['operation', 'id'])
/** Such an id, which many events have. */
const SESSION = 'session'
/** Hexadecimal digits by the table of events, of which all could be decimal. */
const DIGITS: ReadonlySet<string> = new Set(['traceId', 'hashes'])
/** Digits that join our own alerts to what is told of them: a part of them masked, nobody would find the alert. */
const FINGERPRINT = 'fingerprint'
/** Sentences, where the event is our own. In that of another, who knows what they tell. */
const SENTENCES: ReadonlySet<string> = new Set(['cause'])

/** The id of a span, which chance makes, with a letter in it as a rule: digits alone may be somebody's number. */
const SPAN_ID = 'parentSpanId'
const SPAN_DIGITS = 16

type Clean = (text: string) => string

const asItIs: Clean = (text) => text
type Masked = readonly { readonly name: string; readonly isList: boolean; readonly clean: Clean }[]

/**
 * Makes the second net: a function that gives an event whose texts hold no secret and no personal datum of a known form.
 * The first net is that an event has fields for names alone. An event that holds none comes back as it is.
 *
 * Every text that was clean is remembered, so that a name seen before costs one look-up. Texts that were not are never
 * kept. Ids of sessions are remembered as well, others not: each call has one of its own. `isOwn`: for events that this process made itself, whose
 * sentences may stay.
 */
export function createMask(cleanId: IdMask, { isOwn = false } = {}): (event: Event) => Event {
  const cleanName = remembering(redactName)
  const cleanSession = remembering(cleanId)
  const cleanSentence = isOwn ? redactSentence : cleanName
  // A pseudonym in their place has their form.
  const cleanDigits: Clean = (text) => cleanId(text).replace(/^id-/, '')
  const cleanSpanId: Clean = (text) => (/[a-f]/.test(text) ? text : cleanDigits(text).slice(0, SPAN_DIGITS))
  const cleaner = (name: string): Clean => {
    if (name === SESSION) return cleanSession
    if (name === SPAN_ID) return cleanSpanId
    if (DIGITS.has(name)) return cleanDigits
    if (name === FINGERPRINT) return isOwn ? asItIs : cleanId
    if (IDS.has(name)) return cleanId
    return SENTENCES.has(name) ? cleanSentence : cleanName
  }
  const table = Object.fromEntries(
    Object.entries(EVENTS).map(([type, { fields }]) => [
      type,
      Object.entries<Field<unknown>>({ ...ENVELOPE, ...fields })
        .filter(([, { kind }]) => kind === 'text' || kind === 'texts')
        .map(([name, { kind }]) => ({ name, isList: kind === 'texts', clean: cleaner(name) })),
    ]),
  ) as unknown as Readonly<Record<EventType, Masked>>
  return (event) => masked(event, table[event.type])
}

function masked(event: Event, fields: Masked): Event {
  const given = event as unknown as Readonly<Record<string, unknown>>
  let copy: Record<string, unknown> | undefined
  for (const { name, isList, clean } of fields) {
    const value = given[name]
    if (value === undefined) continue
    const found = isList ? cleanList(value as readonly string[], clean) : clean(value as string)
    if (found === value) continue
    copy ??= { ...given }
    copy[name] = found
  }
  return copy === undefined ? event : (copy as unknown as Event)
}

function cleanList(texts: readonly string[], clean: Clean): readonly string[] {
  const found = texts.map(clean)
  return found.every((text, index) => text === texts[index]) ? texts : found
}

function remembering(clean: Clean): Clean {
  let young = new Set<string>()
  let old = new Set<string>()
  return (text) => {
    if (young.has(text)) return text
    const found = old.has(text) ? text : clean(text)
    if (found !== text) return found
    if (young.size >= GENERATION_SIZE) {
      old = young
      young = new Set()
    }
    young.add(text)
    return text
  }
}

import { EVENT_VERSION } from './constants.js'
import { ENVELOPE, EVENTS, type Event, type EventType } from './events.js'
import { DEFAULT_TEXT_LENGTH, type Field, type Form, MAX_NUMBER } from './fields.js'

/** Why a value is no event: the field at fault and what would have been right. */
export interface Problem {
  readonly field: string
  readonly message: string
}

/**
 * Checks that a value from outside is an event, and returns a copy with the declared fields alone: what has no field
 * here is dropped, which is how payloads stay out even when a sender means to send them.
 */
export function checkEvent(value: unknown): { readonly event: Event } | { readonly problem: Problem } {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { problem: { field: '', message: 'an event is a JSON object' } }
  const given = value as Record<string, unknown>
  if (given.v !== EVENT_VERSION) return { problem: { field: 'v', message: `must be ${EVENT_VERSION}` } }
  if (typeof given.type !== 'string' || !Object.hasOwn(EVENTS, given.type))
    return { problem: { field: 'type', message: `must be one of ${Object.keys(EVENTS).join(', ')}` } }
  const type = given.type as EventType
  const checked: Record<string, unknown> = { v: EVENT_VERSION, type }
  for (const fields of [ENVELOPE, EVENTS[type].fields] as const) {
    for (const [name, field] of Object.entries(fields) as [string, Field<unknown>][]) {
      const found = Object.hasOwn(given, name) ? given[name] : undefined
      if (found === undefined) {
        if (!field.optional) return { problem: { field: name, message: `is missing: ${expected(field)}` } }
        continue
      }
      if (!fits(field, found)) return { problem: { field: name, message: `must be ${expected(field)}` } }
      checked[name] = found
    }
  }
  return { event: checked as unknown as Event }
}

/** Whether a value is one that a field takes. */
export function fits(field: Field<unknown>, value: unknown): boolean {
  switch (field.kind) {
    case 'text':
      return isText(value, field.maxLength ?? DEFAULT_TEXT_LENGTH) && hasForm(value, field.form)
    case 'number':
      return (
        typeof value === 'number' && value >= 0 && (field.integer ? Number.isSafeInteger(value) : value <= MAX_NUMBER)
      )
    case 'flag':
      return typeof value === 'boolean'
    case 'choice':
      return typeof value === 'string' && (field.choices ?? []).includes(value)
    case 'texts':
      return (
        Array.isArray(value) &&
        value.length <= (field.maxLength ?? 0) &&
        value.every((entry) => isText(entry, DEFAULT_TEXT_LENGTH) && hasForm(entry, field.form))
      )
  }
}

/** Characters are Unicode code points, as JSON Schema and most languages count them; a code point is one unit or two. */
function isText(value: unknown, maxLength: number): value is string {
  if (typeof value !== 'string' || value.length > 2 * maxLength) return false
  return value.length <= maxLength || [...value].length <= maxLength
}

/** Each form is declared once, so this holds a handful. */
const patterns = new Map<Form, RegExp>()

function hasForm(value: string, form: Form | undefined): boolean {
  if (!form) return true
  const pattern = patterns.get(form) ?? new RegExp(form.pattern)
  patterns.set(form, pattern)
  return pattern.test(value)
}

/** What a field wants, in words, for an error and for the documentation. */
export function expected(field: Field<unknown>): string {
  switch (field.kind) {
    case 'text':
      return field.form?.words ?? `text of at most ${field.maxLength} characters`
    case 'number':
      return field.integer ? 'a whole number from 0 to 2^53 - 1' : 'a number from 0 to 10^15'
    case 'flag':
      return 'true or false'
    case 'choice':
      return `one of ${field.choices?.join(', ')}`
    case 'texts':
      return `a list of at most ${field.maxLength} texts, each ${field.form?.words ?? `of at most ${DEFAULT_TEXT_LENGTH} characters`}`
  }
}

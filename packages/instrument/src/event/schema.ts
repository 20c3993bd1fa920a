import { EVENT_VERSION } from './constants.js'
import { ENVELOPE, EVENTS } from './events.js'
import { DEFAULT_TEXT_LENGTH, type Field, type Fields, type Form, MAX_NUMBER } from './fields.js'

/** A JSON Schema, draft 2020-12. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** A schema for each type of event, and one for what any of them may be. */
export type EventSchemas = Readonly<Record<string, JsonSchema>>

/**
 * The union as JSON Schema definitions, for a `$defs`: one by the name of each type, `event` for any of them, and
 * `simpleEvent` for one that may leave out `v` and `at`. They take what `checkEvent` takes; fields beyond the declared
 * ones are allowed here, since the check drops them.
 */
export function eventSchemas(): EventSchemas {
  const types = Object.entries(EVENTS).map(([type, { doc, fields }]) => [type, typeSchema(type, doc, fields)] as const)
  const oneOf = types.map(([type]) => ({ $ref: `#/$defs/${type}` }))
  return {
    ...Object.fromEntries(types),
    event: { type: 'object', description: 'One event.', required: ['v', 'at'], oneOf },
    simpleEvent: { type: 'object', description: 'One event; absent `v` and `at` are filled in.', oneOf },
  }
}

function typeSchema(type: string, doc: string, own: Fields): JsonSchema {
  const fields: Fields = { ...ENVELOPE, ...own }
  const required = Object.keys(fields).filter((name) => name !== 'at' && !fields[name]?.optional)
  return {
    type: 'object',
    description: doc,
    properties: {
      v: { const: EVENT_VERSION, description: 'Version of this format.' },
      type: { const: type },
      ...Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, fieldSchema(field)])),
    },
    required: ['type', ...required],
  }
}

function fieldSchema(field: Field<unknown>): JsonSchema {
  return { ...kindSchema(field), description: field.doc }
}

function kindSchema({ kind, maxLength, form, integer, choices }: Field<unknown>): JsonSchema {
  switch (kind) {
    case 'text':
      return textSchema(maxLength, form)
    case 'number':
      return integer
        ? { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }
        : { type: 'number', minimum: 0, maximum: MAX_NUMBER }
    case 'flag':
      return { type: 'boolean' }
    case 'choice':
      return { enum: choices }
    case 'texts':
      return { type: 'array', maxItems: maxLength, items: textSchema(DEFAULT_TEXT_LENGTH, form) }
  }
}

function textSchema(maxLength: number | undefined, form: Form | undefined): JsonSchema {
  return { type: 'string', maxLength, ...(form && { pattern: form.pattern }) }
}

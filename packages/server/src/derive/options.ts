import { expected } from '@mcp-vitals/instrument/event'
import { z } from 'zod'
import { MAX_NAME_LENGTH, MAX_PATH_KEYS, MAX_VALUES, problemsOf } from './check.js'
import { DEFAULT_MAX_VALUES } from './labels.js'
import { DERIVABLE, type DerivableEvent, type Derivation, type DerivedField, fieldsOf, OCCASIONS } from './shape.js'

/** Most derivations of one configuration. */
const MAX_DERIVATIONS = 200

const name = { type: 'string', minLength: 1, maxLength: MAX_NAME_LENGTH } as const
const path = { anyOf: [{ type: 'string' }, { type: 'array', items: name, minItems: 1, maxItems: MAX_PATH_KEYS }] }
const COMMON = {
  server: { ...name, description: 'Pattern of the server’s name; every server where absent. `*`: any characters.' },
  tool: { ...name, description: 'Pattern of the tool’s name. `*`: any characters.' },
  on: {
    enum: OCCASIONS,
    default: 'success',
    description: 'Which calls: those that succeeded, those that failed, all.',
  },
} as const

/** JSON Schema of one field: a constant, or where to read it. */
function fieldSchema({ field, isLabel, supply }: DerivedField): object {
  const { kind, maxLength, integer, choices } = field
  const constant =
    kind === 'text'
      ? { type: 'string', maxLength }
      : kind === 'choice'
        ? { enum: choices }
        : kind === 'flag'
          ? { type: 'boolean' }
          : { type: integer ? 'integer' : 'number', minimum: 0 }
  const labels = {
    values: { type: 'array', items: constant, minItems: 1, maxItems: MAX_VALUES },
    maxValues: { type: 'integer', minimum: 1, maximum: MAX_VALUES, default: DEFAULT_MAX_VALUES },
  }
  const properties = { argument: path, result: path, default: constant, ...(isLabel && labels) }
  const source = {
    type: 'object',
    properties,
    additionalProperties: false,
    oneOf: [{ required: ['argument'] }, { required: ['result'] }],
  }
  const supplied = supply ? ` Where absent: ${supply.doc}.` : ''
  return { description: `${field.doc} ${expected(field)}.${supplied}`, anyOf: [constant, source] }
}

/** JSON Schema of the derivations that give one event. */
function eventSchema(event: DerivableEvent): object {
  const fields = fieldsOf(event)
  return {
    properties: {
      ...COMMON,
      event: { const: event },
      ...Object.fromEntries(fields.map((field) => [field.name, fieldSchema(field)])),
    },
    required: ['tool', 'event', ...fields.filter(({ required }) => required).map((field) => field.name)],
    additionalProperties: false,
  }
}

/** One derivation. What is wrong with it is told by `problemsOf`, which knows the fields of each event. */
const derivation = z
  .unknown()
  .superRefine((value, context) => {
    for (const { path, message } of problemsOf(value)) context.addIssue({ code: 'custom', path: [...path], message })
  })
  .meta({
    type: 'object',
    properties: { ...COMMON, event: { enum: DERIVABLE } },
    required: ['tool', 'event'],
    oneOf: DERIVABLE.map(eventSchema),
  }) as z.ZodType<Derivation>

/** Facts that only the application knows, read off the calls that pass. */
export const derivationOptions = z
  .array(derivation)
  .max(MAX_DERIVATIONS)
  .default([])
  .meta({
    description:
      'Facts that only the application knows, read off the calls that pass: which tools’ calls, the event that each gives, and that event’s fields, each a constant, `{ argument: path }` or `{ result: path }`. See [derivations](derivations.md).',
    examples: [
      [
        {
          tool: 'send_*',
          event: 'message',
          channel: { argument: 'channel', values: ['sms', 'whatsapp', 'voice'] },
        },
        { tool: 'provision_agent', event: 'agent', action: 'provisioned', agent: { argument: 'agentId' } },
      ],
    ],
  })

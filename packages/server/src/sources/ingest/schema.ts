import { eventSchemas, type JsonSchema, VALUE_LIMITS } from '@mcp-vitals/instrument/event'
import { SENDER_LENGTHS, STREAM_PATTERN } from './batch.js'

const count = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }

/**
 * JSON Schema (draft 2020-12) of what `POST /v1/events` takes: a batch of a numbered stream, or a simple post. What a
 * schema cannot say stands in the descriptions.
 */
export function batchSchema(): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'What POST /v1/events of mcp-vitals takes',
    oneOf: [{ $ref: '#/$defs/numberedBatch' }, { $ref: '#/$defs/simplePost' }],
    $defs: {
      numberedBatch: {
        type: 'object',
        description: 'Events of a numbered stream: each is taken once, however often it is sent.',
        properties: {
          stream: { type: 'string', pattern: STREAM_PATTERN, description: 'Id of one life of one sender.' },
          sender: { $ref: '#/$defs/sender' },
          dropped: { ...count, description: 'Events of this stream that the sender gave up, in all.' },
          events: { type: 'array', items: { $ref: '#/$defs/numberedEvent' }, description: 'Numbers rise.' },
        },
        required: ['stream', 'sender', 'events'],
      },
      numberedEvent: {
        type: 'object',
        properties: {
          seq: { ...count, minimum: 1 },
          event: { $ref: '#/$defs/event' },
          values: { $ref: '#/$defs/values' },
        },
        required: ['seq', 'event'],
      },
      values: {
        type: 'object',
        description:
          'Of an event `commitment`, the values of its `fields` by their names, for the audit log to commit to. Kept nowhere else. What is not like this is left out.',
        maxProperties: VALUE_LIMITS.values,
        propertyNames: { maxLength: VALUE_LIMITS.nameChars },
        additionalProperties: {
          anyOf: [{ type: 'string', maxLength: VALUE_LIMITS.textChars }, { type: 'number' }, { type: 'boolean' }],
        },
      },
      simplePost: {
        type: 'object',
        description: 'Events without a stream: taken at once, and again when they are sent again.',
        properties: {
          stream: false,
          sender: { $ref: '#/$defs/sender' },
          events: { type: 'array', items: { $ref: '#/$defs/simpleEvent' } },
        },
        required: ['sender', 'events'],
      },
      sender: {
        type: 'object',
        description: 'Who sends, as it says itself.',
        properties: Object.fromEntries(
          Object.entries(SENDER_LENGTHS).map(([key, maxLength]) => [key, { type: 'string', minLength: 1, maxLength }]),
        ),
        required: Object.keys(SENDER_LENGTHS),
      },
      ...eventSchemas(),
    },
  }
}

let text: string | undefined

/** Answers `GET /v1/events/schema`. */
export function answerSchema(): Response {
  text ??= JSON.stringify(batchSchema())
  return new Response(text, { headers: { 'content-type': 'application/schema+json' } })
}

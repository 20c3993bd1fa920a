export { checkEvent, expected, fits, type Problem } from './check.js'
export {
  DIRECTIONS,
  ENVELOPE,
  ERAS,
  EVENT_VERSION,
  EVENTS,
  type Event,
  type EventOf,
  type EventType,
  event,
  type Origin,
  OUTCOMES,
  OWN_SERVER,
  TRANSPORTS,
} from './events.js'
export { DEFAULT_TEXT_LENGTH, type Field, type Fields, type Shape } from './fields.js'
export { type EventSchemas, eventSchemas, type JsonSchema } from './schema.js'

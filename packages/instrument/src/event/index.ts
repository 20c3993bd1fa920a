export { checkValues, isValue, VALUE_LIMITS, type Values, valuesBeside, withValues } from './beside.js'
export { checkEvent, expected, fits, type Problem } from './check.js'
export { ERROR_REASONS, EVENT_VERSION, OWN_SERVER, REVISION, REVISION_PATTERN } from './constants.js'
export {
  DIRECTIONS,
  ENVELOPE,
  ERAS,
  EVENTS,
  type Event,
  type EventOf,
  type EventType,
  HEALTH,
  type Origin,
  OUTCOMES,
  REMEDIES,
  TRANSPORTS,
} from './events.js'
export { DEFAULT_TEXT_LENGTH, type Field, type Fields, type Shape } from './fields.js'
export { completed, type Draft, event, type Given } from './make.js'
export { type EventSchemas, eventSchemas, type JsonSchema } from './schema.js'

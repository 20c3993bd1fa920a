import type { PushedLine } from '../contract.js'
import { nanosOf } from '../shared/nanos.js'
import { attributesOf } from './attributes.js'

/** Numbers and words of the log data model, https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber. */
const SEVERITIES = { debug: 5, info: 9, warning: 13, error: 17, critical: 21 } as const

/** One line as a log record: its sentence as the body, its fields as attributes. */
export function logRecord({ at, level, event, message, fields }: PushedLine): object {
  const { traceId, ...others } = fields
  const time = nanosOf(at)
  return {
    timeUnixNano: time,
    observedTimeUnixNano: time,
    severityNumber: SEVERITIES[level],
    severityText: level.toUpperCase(),
    eventName: event,
    body: { stringValue: message },
    attributes: attributesOf({ ...others, event }),
    ...(typeof traceId === 'string' && { traceId }),
  }
}

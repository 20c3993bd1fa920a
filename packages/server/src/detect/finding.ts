import type { EventOf } from '@mcp-vitals/instrument/event'

type Anomaly = EventOf<'anomaly'>
/** What is watched of a tool, how it goes on, and how far out it is: as the event has them. */
export type Signal = Anomaly['signal']
export type Stage = Anomaly['stage']
export type Severity = Anomaly['severity']

/** One thing that a tool does not do as it did. */
export interface Finding {
  readonly signal: Signal
  readonly stage: Stage
  readonly severity: Severity
  /** What was expected and what came, in the unit of the event's fields of these names. */
  readonly usual: number
  readonly seen: number
  /** Calls on which `seen` rests; 0 for a silence. */
  readonly calls: number
}

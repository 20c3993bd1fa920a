import type {
  AlertRow,
  Colour,
  ComponentStatus,
  ProviderRow,
  Severity,
} from '../../../server/src/faces/dashboard/api.js'
import type { Tone } from './states.js'

/** Which tone what is known of things has. */
export const TONE_OF_COLOUR = { GREEN: 'good', YELLOW: 'some', RED: 'bad' } as const satisfies Record<Colour, Tone>

export const TONE_OF_COMPONENT = {
  healthy: 'good',
  degraded: 'some',
  unhealthy: 'bad',
  maintenance: 'info',
  unknown: 'none',
} as const satisfies Record<ComponentStatus, Tone>

export const TONE_OF_SEVERITY = { CRITICAL: 'bad', HIGH: 'bad', MEDIUM: 'some', LOW: 'info' } as const satisfies Record<
  Severity,
  Tone
>

export const TONE_OF_STATE = { firing: 'bad', pending: 'some', resolved: 'good' } as const satisfies Record<
  AlertRow['state'],
  Tone
>

export const TONE_OF_CONDITION = {
  up: 'good',
  down: 'bad',
  failing: 'some',
  unknown: 'none',
} as const satisfies Record<ProviderRow['status'] | 'failing', Tone>

/** Colours of what people know by colour; others go one after the other. */
export function colourOfOutcome(outcome: string): string {
  if (outcome === 'success' || outcome === 'ok' || outcome === '200') return 'good'
  if (outcome === 'cancelled') return 'soft-line'
  return 'bad'
}

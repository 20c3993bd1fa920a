import type { CommittedValue } from '@mcp-vitals/instrument/mcp'
import type { Derivation } from './shape.js'

/** Raised when an older reader would misunderstand the text. */
const VERSION = 1

/** Derivations as a text that a daemon leaves in its state directory for the wraps on its machine. */
export function encodeDerivations(derivations: readonly Derivation[]): string {
  return `${JSON.stringify({ version: VERSION, derivations })}\n`
}

/** The derivations of such a text, which a daemon checked before; none where it is of another version. Throws on no JSON. */
export function decodeDerivations(text: string): readonly Derivation[] {
  const { version, derivations } = JSON.parse(text) as { version: number; derivations: readonly Derivation[] }
  return version === VERSION ? derivations : []
}

/** The same of values of calls that the audit log shall commit to. */
export function encodeCommitments(commitments: readonly CommittedValue[]): string {
  return `${JSON.stringify({ version: VERSION, commitments })}\n`
}

export function decodeCommitments(text: string): readonly CommittedValue[] {
  const { version, commitments } = JSON.parse(text) as { version: number; commitments: readonly CommittedValue[] }
  return version === VERSION ? commitments : []
}

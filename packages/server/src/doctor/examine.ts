import { VERSION } from '../version/index.js'
import type { Diagnosis, Finding, Outcome, Patient } from './contract.js'
import { shown } from './shared/words.js'

/** What one diagnosis came to. */
export interface Examined {
  readonly name: string
  readonly outcome: Outcome
}

/** Everything that was found. */
export interface DoctorReport {
  readonly version: string
  /** ISO 8601, UTC. */
  readonly checkedAt: string
  readonly errors: number
  readonly warnings: number
  readonly examined: readonly Examined[]
}

/**
 * Has all diagnoses look, side by side, and tells of each in their order as soon as it is known. What one of them fails at
 * is told in its place; never rejects for that.
 */
export async function examine(
  patient: Patient,
  diagnoses: readonly Diagnosis[],
  onExamined: (examined: Examined) => void = () => {},
): Promise<DoctorReport> {
  const checkedAt = new Date().toISOString()
  const running = diagnoses.map(async ({ name, look }): Promise<Examined> => {
    try {
      return { name, outcome: await look(patient) }
    } catch (error) {
      const why = `it could not look: ${shown(error instanceof Error ? error.message : String(error))}`
      return { name, outcome: { is: 'left out', why: patient.signal.aborted ? 'it was interrupted' : why } }
    }
  })
  const examined: Examined[] = []
  for (const one of running) {
    examined.push(await one)
    onExamined(examined.at(-1)!)
  }
  const count = (severity: Finding['severity']) =>
    examined.flatMap(findingsOf).filter((finding) => finding.severity === severity).length
  return { version: VERSION, checkedAt, errors: count('error'), warnings: count('warning'), examined }
}

export const findingsOf = ({ outcome }: Examined): readonly Finding[] =>
  outcome.is === 'looked' ? outcome.findings : []

/** 0: nothing is wrong. 1: warnings. 2: errors. */
export function statusOf({ errors, warnings }: DoctorReport): 0 | 1 | 2 {
  return errors > 0 ? 2 : warnings > 0 ? 1 : 0
}

import type { Finding } from './contract.js'
import { type DoctorReport, type Examined, findingsOf } from './examine.js'
import { counted } from './shared/words.js'

const MARKS = { error: '✗', warning: '!', note: 'i', well: '✓', 'left out': '–' } as const
const RANKS = ['error', 'warning', 'note'] as const
const INDENT = ' '.repeat(4)

/** One diagnosis as a person reads it: a line, and a block for each finding. */
export function blockOf(examined: Examined): string {
  const { name, outcome } = examined
  if (outcome.is === 'left out') return `${MARKS['left out']} ${name}: left out, ${outcome.why}\n`
  const findings = [...findingsOf(examined)].sort(
    (one, other) => RANKS.indexOf(one.severity) - RANKS.indexOf(other.severity),
  )
  const mark = MARKS[findings[0]?.severity ?? 'well']
  return [`${mark} ${name}: ${outcome.seen}`, ...findings.flatMap(linesOf), ''].join('\n')
}

function linesOf({ severity, subject, problem, evidence, why, next, fix }: Finding): readonly string[] {
  const about = subject === undefined ? '' : `${subject}: `
  return [
    '',
    `  ${MARKS[severity]} ${severity === 'note' ? '' : `${severity}: `}${about}${problem}`,
    ...evidence.map((line) => `${INDENT}seen: ${line}`),
    `${INDENT}why:  ${why}`,
    `${INDENT}next: ${next}`,
    ...fix.map((line) => `${INDENT}    ${line}`),
  ]
}

/** The last line. */
export function sumOf({ errors, warnings, examined }: DoctorReport): string {
  const left = examined.filter(({ outcome }) => outcome.is === 'left out').length
  const more = left > 0 ? `; ${counted(left, 'diagnosis', 'diagnoses')} left out` : ''
  if (errors + warnings === 0) return `Nothing is wrong${more}.\n`
  return `${counted(errors, 'error')}, ${counted(warnings, 'warning')}${more}.\n`
}

/** The report for a program, one object. */
export function jsonOf({ examined, ...sums }: DoctorReport): object {
  return {
    ...sums,
    diagnoses: examined.map(({ name, outcome }) =>
      outcome.is === 'left out'
        ? { name, leftOut: outcome.why, findings: [] }
        : { name, seen: outcome.seen, findings: outcome.findings },
    ),
  }
}

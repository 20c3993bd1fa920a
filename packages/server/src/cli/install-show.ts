import { ERRORS } from '../errors/index.js'
import { type FilePlan, type FileProblem, isChange, maskedWords, type Outcome, type Plan } from '../install/index.js'
import { visible } from './consent.js'
import type { Terminal } from './terminal.js'

/** What would change, a server at a time; what may be secret in it is masked. Environment and headers are never shown. */
export function showPlan({ files, problems }: Plan, { out }: Terminal): void {
  const told = files.filter((plan) => isChange(plan) || plan.left.length > 0)
  for (const plan of told) out.write(described(plan))
  for (const problem of problems) out.write(`${described(problem)}\n`)
}

/** What was done with each file. */
export function showOutcomes(outcomes: readonly Outcome[], { out }: Terminal): void {
  for (const { plan, error } of outcomes) {
    if (error) out.write(`${described({ ...plan, error })}\n`)
    else out.write(`${doneTo(plan)} ${visible(plan.path)}\n`)
  }
}

function doneTo({ before, after, original }: FilePlan): string {
  if (after === undefined) return 'Removed'
  if (before === undefined) return 'Wrote'
  return original?.equals(after) ? 'Put back' : 'Changed'
}

function described(plan: FilePlan | FileProblem): string {
  const head = `${plan.title}  ${visible(plan.path)}`
  if ('error' in plan) return `${head}\n  ${plan.error.message} ${ERRORS[plan.error.code].next}\n`
  const is = plan.before === undefined ? '  (new)' : plan.after === undefined ? '  (to be removed)' : ''
  const changes = plan.changes.map(
    ({ name, before, after }) => `  ${visible(name)}\n${line('-', before)}${line('+', after)}`,
  )
  const left = plan.left.map(({ name, why }) => `  ${visible(name)} ${why}\n`)
  const notes = isChange(plan) ? plan.notes.map((note) => `  ${note}\n`) : []
  const text = plan.kind === 'service' && isChange(plan) ? [declared(plan)] : []
  return `${head}${is}\n${[...changes, ...text, ...left, ...notes].join('')}\n`
}

function line(sign: string, words: readonly string[]): string {
  return words.length === 0 ? '' : `    ${sign} ${maskedWords(words).map(visible).join(' ')}\n`
}

function declared({ after, before }: FilePlan): string {
  const sign = after === undefined ? '-' : '+'
  const lines = String(after ?? before ?? '')
    .trimEnd()
    .split('\n')
  return lines.map((text) => `    ${sign} ${text}\n`).join('')
}

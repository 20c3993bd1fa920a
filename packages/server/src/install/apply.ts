import type { VitalsError } from '../errors/index.js'
import { folderToMake, removeFile, replaceBytes } from './files.js'
import type { Ledger } from './ledger.js'
import { type FilePlan, problemOf } from './plan.js'

/** How one file fared. */
export interface Outcome {
  readonly plan: FilePlan
  /** Absent: it is done. */
  readonly error?: VitalsError
}

/** Whether a plan writes anything. */
export function isChange({ before, after }: FilePlan): boolean {
  return before === undefined || after === undefined ? before !== after : !before.equals(after)
}

/**
 * Carries out the plan of each file, one after another. Each is written whole or left as it is; a failure of one leaves
 * the others to be tried, but a failure of our configuration ends it, for the addresses of clients would lead nowhere.
 */
export async function applyInstall(plans: readonly FilePlan[], ledger: Ledger): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  for (const plan of plans.filter(isChange)) {
    const { path, kind, original, added } = plan
    const outcome = await attempt(plan, async () => {
      const folder = await folderToMake(path)
      await ledger.keep({ path, kind, original, written: plan.after!, folder, ...(added && { added }) })
      await replaceBytes(path, plan.after!, plan.before)
    })
    outcomes.push(outcome)
    if (outcome.error && kind === 'config') break
  }
  return outcomes
}

/** The same for the way back; what is back is forgotten by the ledger. */
export async function applyUninstall(plans: readonly FilePlan[], ledger: Ledger): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  for (const plan of plans) {
    const { path, before, after } = plan
    const outcome = await attempt(plan, async () => {
      if (isChange(plan) && after === undefined) await removeFile(path, before!, ledger.of(path)?.folder ?? undefined)
      else if (isChange(plan)) await replaceBytes(path, after!, before)
      await ledger.drop(path)
    })
    if (outcome.error || isChange(plan)) outcomes.push(outcome)
  }
  return outcomes
}

async function attempt(plan: FilePlan, work: () => Promise<void>): Promise<Outcome> {
  try {
    await work()
    return { plan }
  } catch (error) {
    return { plan, error: problemOf(plan.path, error) }
  }
}

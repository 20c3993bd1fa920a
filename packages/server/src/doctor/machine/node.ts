import type { Diagnosis, Finding } from '../contract.js'
import { looked } from '../contract.js'
import { shown } from '../shared/words.js'

/** As `engines` of package.json has it. */
const LEAST_MAJOR = 20

/** Node's version, and the driver of the store, which is compiled for each platform. */
export const node: Diagnosis = {
  name: 'node',
  finds: [
    'Node older than what mcp-vitals runs on, or a release that is not maintained for long',
    'the driver of SQLite that is missing for this platform',
  ],
  async look({ nodeVersion }) {
    const major = Number(nodeVersion.split('.', 1)[0])
    const findings: Finding[] = []
    if (major < LEAST_MAJOR)
      findings.push({
        severity: 'error',
        problem: `Node ${nodeVersion} is too old: ${LEAST_MAJOR} is the least.`,
        evidence: [`${process.execPath} is Node ${nodeVersion}`],
        why: 'mcp-vitals and many MCP servers use what older versions do not have, and fail with errors that do not say so.',
        next: 'Install a version that is maintained for long, and start again with it.',
        fix: ['nvm install --lts', 'node --version'],
      })
    else if (major % 2 === 1)
      findings.push({
        severity: 'note',
        problem: `Node ${nodeVersion} is a release with an odd number, which is maintained for half a year alone.`,
        evidence: [`${process.execPath} is Node ${nodeVersion}`],
        why: 'Faults that are found after that time are not mended.',
        next: 'Where it runs for long, install a version with an even number.',
        fix: ['nvm install --lts'],
      })
    const fault = await driverFault()
    if (fault !== undefined)
      findings.push({
        severity: 'error',
        problem: `The driver of SQLite does not load on ${process.platform}-${process.arch}.`,
        evidence: [shown(fault)],
        why: 'The daemon keeps its events in SQLite, and does not start without.',
        next: 'Install the package again on this machine, with its optional dependencies.',
        fix: ['npm install --include=optional mcp-vitals'],
      })
    return looked(`Node ${nodeVersion}`, findings)
  },
}

async function driverFault(): Promise<string | undefined> {
  try {
    const { default: Database } = await import('libsql')
    new Database(':memory:').close()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

import { visible } from './alerts.js'
import { type AskFlags, askJson } from './ask.js'
import type { Terminal } from './terminal.js'

/** What the command line gave to `status --incidents`. */
export interface IncidentsFlags extends AskFlags {
  readonly component?: string
  readonly json?: boolean
}

interface Incident {
  readonly component: string
  /** ISO 8601, UTC. */
  readonly began: string
  readonly ended: string | null
  readonly durationSeconds: number
  readonly unwatchedSeconds: number
  readonly cause: string
  readonly done: readonly Readonly<Record<string, string>>[]
}

interface IncidentsAnswer {
  /** How many there are in all. */
  readonly total: number
  readonly incidents: readonly Incident[]
}

/** The incidents that the daemon keeps, the newest first: a line each, and one for each thing that was done. */
export async function incidents({ component, json, ...flags }: IncidentsFlags, terminal: Terminal): Promise<void> {
  const query = component === undefined ? '' : `?${new URLSearchParams({ component })}`
  const path = `/api/health/incidents${query}`
  const { answer, text } = await askJson<IncidentsAnswer>(path, flags, terminal)
  const { out } = terminal
  if (json) return void out.write(`${text}\n`)
  if (answer.incidents.length === 0) out.write('No incident.\n')
  for (const incident of answer.incidents) out.write(linesOf(incident))
  const older = answer.total - answer.incidents.length
  if (older > 0) out.write(`and ${older} more before\n`)
}

function linesOf({ component, began, ended, durationSeconds, unwatchedSeconds, cause, done }: Incident): string {
  const gap = unwatchedSeconds > 0 ? `, ${Math.round(unwatchedSeconds)} s of it not watched` : ''
  const until = ended === null ? 'goes on' : `over after ${Math.round(durationSeconds)} s`
  return [
    visible(`${short(began)}  ${component}: ${cause}, ${until}${gap}`),
    ...done.map(({ at = '', ...deed }) => visible(`  ${short(at)}  ${Object.values(deed).join(' ')}`)),
    '',
  ].join('\n')
}

const short = (time: string): string => time.replace('T', ' ').replace(/\.\d+Z$/, 'Z')

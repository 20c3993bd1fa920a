import { execFile } from 'node:child_process'
import type { Diagnosis, Finding, Patient } from '../contract.js'
import { looked } from '../contract.js'
import { ask } from '../shared/web.js'
import { lasting } from '../shared/words.js'

/** A `Date` header has whole seconds, and its answer was on the way. */
const MOST_OFF_MS = 5_000
/** From here on certificates, tokens and samples are refused. */
const FAR_OFF_MS = 60_000
/** How far the two clocks of this machine may go apart while we look, or while a daemon runs. Milliseconds. */
const MOST_JUMP_MS = 2_000
const TOOL_TIMEOUT_MS = 3_000
/** No copy of this program is older. */
const FIRST_YEAR = 2026

/** One clock beside ours. Positive: ours is ahead. */
interface Compared {
  readonly who: string
  readonly offMs: number
}

/** The clock of this machine, against those of the servers, and against itself. */
export const clock: Diagnosis = {
  name: 'clock',
  finds: [
    'a clock that is off, by the Date header of the configured servers and of Prometheus',
    'a clock that jumped since the daemon started, or jumps now',
    'a clock that nothing sets (timedatectl, adjtimex)',
  ],
  async look(patient) {
    const begun = { wall: Date.now(), steady: performance.now() }
    const [compared, isSynced] = await Promise.all([compareAll(patient), syncState()])
    const jumpMs = Date.now() - begun.wall - (performance.now() - begun.steady)
    const findings = [...off(compared), ...old(), ...jumped(jumpMs), ...(await jumpedSince(patient))]
    if (isSynced === false) findings.push(unset(findings.length > 0))
    const told = compared.map(({ who, offMs }) => `${lasting(Math.abs(offMs))} from ${who}`)
    return looked([new Date().toISOString(), ...told.slice(0, 3)].join(', '), findings)
  },
}

/** Asks each other machine once, whatever it answers. */
async function compareAll({ servers, asked, signal }: Patient): Promise<readonly Compared[]> {
  const addresses = Object.values(servers).flatMap((server) => ('url' in server ? [server.url] : []))
  const origins = new Set([...addresses, ...(asked.prometheus === undefined ? [] : [asked.prometheus])].map(originOf))
  const found = await Promise.all(
    [...origins].map(async (origin): Promise<Compared | undefined> => {
      const begun = Date.now()
      const answer = await ask(`${origin}/`, { method: 'HEAD', signal })
      const said = Date.parse(('headers' in answer && answer.headers.get('date')) || '')
      // Half a second is what the header leaves out on average.
      return Number.isNaN(said) ? undefined : { who: origin, offMs: (begun + Date.now()) / 2 - said - 500 }
    }),
  )
  return found.filter((one) => one !== undefined)
}

const originOf = (address: string): string => new URL(address).origin

function off(compared: readonly Compared[]): Finding[] {
  const others = compared.filter(({ offMs }) => Math.abs(offMs) > MOST_OFF_MS)
  if (others.length === 0) return []
  const isOurs = others.length === compared.length && compared.length > 1
  const most = Math.max(...others.map(({ offMs }) => Math.abs(offMs)))
  return [
    {
      severity: most > FAR_OFF_MS ? 'error' : 'warning',
      problem: isOurs
        ? `The clock of this machine is off by ${lasting(most)}.`
        : `The clock of this machine and that of ${others[0]!.who} are ${lasting(most)} apart.`,
      evidence: compared.map(
        ({ who, offMs }) => `${lasting(Math.abs(offMs))} ${offMs >= 0 ? 'ahead of' : 'behind'} ${who}`,
      ),
      why: 'Samples are refused or put into the wrong place, tokens and certificates seem to have ended, and logs of two machines do not fit together.',
      next: isOurs ? 'Have the clock set by NTP.' : 'See which of the two is wrong, and have it set by NTP.',
      fix: SET,
    },
  ]
}

const SET = ['sudo timedatectl set-ntp true', 'timedatectl timesync-status']

function old(): Finding[] {
  if (new Date().getUTCFullYear() >= FIRST_YEAR) return []
  return [
    {
      severity: 'error',
      problem: `The clock of this machine says ${new Date().toISOString()}, which is long over.`,
      evidence: [`this program is of ${FIRST_YEAR} or later`],
      why: 'Every certificate and token seems not to be valid yet, and what is recorded now is deleted as old later.',
      next: 'Set the clock.',
      fix: SET,
    },
  ]
}

function jumped(jumpMs: number): Finding[] {
  if (Math.abs(jumpMs) < MOST_JUMP_MS) return []
  return [
    {
      severity: 'error',
      problem: `The clock of this machine jumped by ${lasting(Math.abs(jumpMs))} while it was looked at.`,
      evidence: [`it went ${jumpMs > 0 ? 'forward' : 'back'}, measured by the clock that cannot be set`],
      why: 'Durations and rates around a jump are wrong, and samples that seem older than those before are not taken.',
      next: 'See who sets it: two programs that do, or a machine that was asleep.',
      fix: SET,
    },
  ]
}

/** What the daemon says of its start, by the clock of then and by the time that it ran. */
async function jumpedSince({ daemon, signal }: Patient): Promise<Finding[]> {
  if (daemon?.is !== 'answers') return []
  const answer = await ask(`${daemon.url}/health`, { signal })
  if (!('text' in answer)) return []
  const uptime = /"uptime":([\d.]+)/.exec(answer.text)?.[1]
  if (uptime === undefined) return []
  const jumpMs = Date.now() - daemon.startedAt - Number(uptime) * 1000
  // It announces itself some time after its process started, and never before.
  const isLate = jumpMs > -30_000 && jumpMs < MOST_JUMP_MS
  if (isLate) return []
  return [
    {
      severity: 'warning',
      problem: `The clock was set by ${lasting(Math.abs(jumpMs))} since the daemon started.`,
      evidence: [
        `it announced itself at ${new Date(daemon.startedAt).toISOString()} and has run for ${lasting(Number(uptime) * 1000)}`,
      ],
      why: 'What was recorded before and after does not fit together in time.',
      next: 'Nothing has to be done where that was meant. Else see who sets the clock.',
      fix: ['journalctl -u systemd-timesyncd -n 20', ...SET],
    },
  ]
}

function unset(isOff: boolean): Finding {
  return {
    severity: isOff ? 'error' : 'warning',
    problem: 'Nothing sets the clock of this machine.',
    evidence: ['the system says that its clock is not synchronized'],
    why: 'A clock that nobody sets is off by seconds after days.',
    next: 'Have the clock set by NTP.',
    fix: SET,
  }
}

/** Whether the system says that something sets its clock; undefined where it does not say. */
async function syncState(): Promise<boolean | undefined> {
  const said = (await output('timedatectl', ['show', '-p', 'NTPSynchronized', '--value']))?.trim()
  if (said === 'yes' || said === 'no') return said === 'yes'
  const status = /status:\s*(\d+)/.exec((await output('adjtimex', ['--print'])) ?? '')?.[1]
  // STA_UNSYNC of adjtimex(2).
  return status === undefined ? undefined : (Number(status) & 64) === 0
}

function output(command: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(command, args, { timeout: TOOL_TIMEOUT_MS }, (error, stdout) => resolve(error ? undefined : stdout))
  })
}

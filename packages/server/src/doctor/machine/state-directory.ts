import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { openDataDir } from '../../datadir/index.js'
import { VitalsError } from '../../errors/index.js'
import type { DaemonSeen, Diagnosis, Finding, Patient } from '../contract.js'
import { looked } from '../contract.js'
import { findingOf, sized } from '../shared/words.js'

/** Less than both of these is little: the store alone may hold some hundred megabytes. */
const LEAST_FREE_SHARE = 0.05
const LEAST_FREE_BYTES = 1_000_000_000
const WHY = 'The daemon keeps its events, alerts and keys there, and does not start without.'

/** The state directory: whether it can be used, and who uses it. */
export const stateDirectory: Diagnosis = {
  name: 'state-directory',
  finds: [
    'a place that this user may not write, a read-only file system, a file in its way',
    'another owner, or rights of other users',
    'a disk that is full, or nearly',
    'a lock that another daemon holds, one that hangs among them, and what a daemon that was killed left',
  ],
  async look(patient) {
    const { dataDir } = patient
    if (!existsSync(dataDir)) return looked(`${dataDir} is not there yet`, whereNone(dataDir))
    const owner = ownerOf(dataDir)
    return looked(dataDir, [...owner, ...(await inUse(patient)), ...roomIn(dataDir)])
  },
}

/** It is made at the first start: whether it can be, tells the nearest directory above that is there. */
function whereNone(dir: string): readonly Finding[] {
  let above = dirname(dir)
  while (!existsSync(above)) above = dirname(above)
  try {
    accessSync(above, constants.W_OK | constants.X_OK)
    return statSync(above).isDirectory() ? roomIn(above) : [unmakeable(dir, `${above} is a file`)]
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    return [
      unmakeable(
        dir,
        code === 'EROFS' ? `${above} is on a read-only file system` : `${above} is not writable for this user`,
      ),
    ]
  }
}

const unmakeable = (dir: string, seen: string): Finding => ({
  severity: 'error',
  problem: `The state directory ${dir} cannot be made.`,
  evidence: [seen],
  why: WHY,
  next: 'Name a place that this user may write, or make the directory and give it to this user.',
  fix: ['MCP_VITALS_DATA=~/.mcp-vitals mcp-vitals up', `sudo install -d -m 700 -o "$USER" ${dir}`],
})

function ownerOf(dir: string): readonly Finding[] {
  const own = process.getuid?.()
  const { uid } = statSync(dir)
  if (own === undefined || uid === own) return []
  return [
    {
      severity: own === 0 ? 'warning' : 'error',
      problem: `The state directory ${dir} belongs to another user.`,
      evidence: [`its owner is user ${uid}, this is user ${own}`],
      why:
        own === 0
          ? 'What root makes there, the daemon of its owner can neither read nor write later.'
          : 'Files in it are readable for their owner alone.',
      next: 'Run mcp-vitals as its owner, or give this user a state directory of its own.',
      fix: [`sudo -u '#${uid}' mcp-vitals doctor`, 'MCP_VITALS_DATA=~/.mcp-vitals mcp-vitals up'],
    },
  ]
}

/** Opens it as the daemon does, and takes its lock for a moment where no daemon is known to have it. */
async function inUse({ dataDir, daemon }: Patient): Promise<readonly Finding[]> {
  try {
    const opened = await openDataDir(dataDir)
    if (daemon?.is === 'answers') return []
    const release = await opened.lock()
    await release()
    return daemon === undefined ? [] : [left(dataDir, daemon)]
  } catch (error) {
    if (!(error instanceof VitalsError)) throw error
    if (error.code === 'DATA_DIR_LOCKED') return [locked(error, daemon)]
    return [findingOf(error, 'error', WHY)]
  }
}

/** A daemon holds the lock and does not answer: it starts, stops, or hangs. */
function locked(error: VitalsError, daemon: DaemonSeen | undefined): Finding {
  const pid = daemon?.pid ?? Number(/process (\d+)/.exec(error.message)?.[1])
  return {
    severity: 'error',
    problem: error.message,
    evidence: [
      daemon === undefined
        ? 'its lock is held, and no daemon has announced an address'
        : `process ${daemon.pid} announced ${daemon.url}, holds the lock, and does not answer there`,
    ],
    why: 'One daemon alone may write there; this one starts, stops or hangs, and no second one can start.',
    next: 'Wait some seconds and look again. Where it stays so, end that process and start the daemon again.',
    fix: [...(Number.isNaN(pid) ? [] : [`kill ${pid}`, `kill -9 ${pid}   # where it does not go`]), 'mcp-vitals up'],
  }
}

/** The lock is free, and yet a daemon is announced: it did not end by itself. */
function left(dir: string, { pid, startedAt, is }: DaemonSeen): Finding {
  const since = new Date(startedAt).toISOString()
  return {
    severity: 'warning',
    problem: `The daemon that ran here last (process ${pid}) did not end by itself.`,
    evidence: [
      `${dir}/daemon.json tells of a daemon since ${since}, and nobody holds the lock`,
      ...(is === 'silent' ? [`process ${pid} is another program now`] : []),
    ],
    why: 'It was killed, ran out of memory, or the machine stopped: since then nothing is watched. Nothing that it had committed is lost.',
    next: 'Look why in the system’s log, and start it again; that cleans up.',
    fix: ['journalctl -k | grep -i "out of memory"', 'mcp-vitals up'],
  }
}

function roomIn(dir: string): readonly Finding[] {
  const { bavail, blocks, bsize } = statfsSync(dir)
  const freeBytes = bavail * bsize
  if (blocks === 0 || freeBytes >= LEAST_FREE_BYTES || bavail / blocks >= LEAST_FREE_SHARE) return []
  const percent = Number(((100 * bavail) / blocks).toFixed(1))
  return [
    {
      severity: freeBytes === 0 ? 'error' : 'warning',
      problem: freeBytes === 0 ? `The disk of ${dir} is full.` : `The disk of ${dir} is nearly full.`,
      evidence: [`${sized(freeBytes)} of ${sized(blocks * bsize)} are free, ${percent} %`],
      why: 'On a full disk events wait in memory and are then lost, and an audit log that calls need refuses them.',
      next: 'Free some space, keep less, or move the state directory to another disk.',
      fix: [`df -h ${dir}`, `du -xh ${dir} | sort -h | tail`, 'MCP_VITALS_DATA=/mnt/large/mcp-vitals mcp-vitals up'],
    },
  ]
}

import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { makeFolder } from '../folders/index.js'
import { bootId, factsOf, membersOf, wasGiven } from './proc.js'

/** How long what an earlier daemon left behind may take to end after SIGTERM, and then after SIGKILL. Milliseconds. */
const GRACE_MS = 2_000
const POLL_MS = 20

/** Variable that every recorded process is given: what it starts inherits it, and is known by it. */
const MARK = 'MCP_VITALS_CHILD'

/** Process groups of this daemon, on disk: the next one ends what is left of them where this one could not. */
export interface ChildRecords {
  /** Environment that a process must be given to be recorded. */
  readonly env: Readonly<Record<string, string>>
  /** Remembers the group that this process leads. Returns the forgetting. Never throws. */
  add(pid: number): () => void
}

interface ChildRecord {
  /** The leader, and so the group. */
  readonly pid: number
  readonly startTicks: number
  readonly bootId: string
  readonly mark: string
}

/** What tells the processes of one starter from all others, and the environment that carries it. */
export interface ChildMark {
  readonly mark: string
  readonly env: Readonly<Record<string, string>>
}

export function createChildMark(): ChildMark {
  const mark = randomUUID()
  return { mark, env: { [MARK]: mark } }
}

/** Keeps one small file (mode 0600) for each process group in `dir`, which is made. Nothing is kept without /proc. */
export function createChildRecords(dir: string, { mark, env }: ChildMark = createChildMark()): ChildRecords {
  const boot = bootId()
  return {
    env,
    add(pid) {
      const facts = factsOf(pid)
      if (!facts) return () => {}
      const record: ChildRecord = { pid, startTicks: facts.startTicks, bootId: boot, mark }
      const file = join(dir, `${pid}-${facts.startTicks}.json`)
      return attempt(() => {
        makeFolder(dir, 0o700)
        writeFileSync(file, JSON.stringify(record), { mode: 0o600 })
      })
        ? () => void attempt(() => rmSync(file, { force: true }))
        : () => {}
    },
  }
}

/**
 * Ends what is left of the recorded groups, and forgets them: a leader that started when the record says so, with its
 * group; without the leader, each member that carries the mark. A process that only has the number of one of ours is
 * left alone. Reads the records at once; resolves, some seconds later at most, to the number of processes.
 */
export async function endLeftBehind(dir: string): Promise<number> {
  const boot = bootId()
  const ended = filesIn(dir).map(async (file) => {
    const record = readRecord(file)
    const count = record && record.bootId === boot ? await endGroup(record) : 0
    attempt(() => rmSync(file, { force: true }))
    return count
  })
  return (await Promise.all(ended)).reduce((sum, count) => sum + count, 0)
}

async function endGroup(record: ChildRecord): Promise<number> {
  /** Pid → when it started, of each that was once proven: one that is ending has no environment any more, and still runs. */
  const proven = new Map<number, number>()
  const left = (): readonly number[] => {
    for (const pid of ours(record)) proven.set(pid, factsOf(pid)?.startTicks ?? 0)
    return [...proven.keys()].filter((pid) => {
      const facts = factsOf(pid)
      return facts?.group === record.pid && facts.startTicks === proven.get(pid)
    })
  }
  const count = left().length
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    for (const pid of left()) attempt(() => process.kill(pid, signal))
    const deadline = performance.now() + GRACE_MS
    while (left().length > 0 && performance.now() < deadline) await delay(POLL_MS)
  }
  return count
}

/** Members of the group that are proven to be ours. */
function ours({ pid, startTicks, mark }: ChildRecord): readonly number[] {
  const isLed = factsOf(pid)?.startTicks === startTicks
  return (membersOf(pid) ?? []).filter((member) => isLed || wasGiven(member, MARK, mark))
}

function filesIn(dir: string): readonly string[] {
  let names: readonly string[] = []
  attempt(() => {
    names = readdirSync(dir)
  })
  return names.filter((name) => /^\d+-\d+\.json$/.test(name)).map((name) => join(dir, name))
}

function readRecord(file: string): ChildRecord | undefined {
  let found: Partial<ChildRecord> = {}
  attempt(() => {
    found = JSON.parse(readFileSync(file, 'utf8')) as Partial<ChildRecord>
  })
  const { pid, startTicks, bootId: boot, mark } = found
  if (!Number.isSafeInteger(pid) || pid! <= 1 || !Number.isSafeInteger(startTicks)) return undefined
  if (typeof boot !== 'string' || typeof mark !== 'string' || mark.length < 36) return undefined
  return { pid: pid!, startTicks: startTicks!, bootId: boot, mark }
}

function attempt(act: () => unknown): boolean {
  try {
    act()
    return true
  } catch {
    return false
  }
}

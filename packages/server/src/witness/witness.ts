import { createHash } from 'node:crypto'
import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import {
  judgeSubmission,
  logOfSubmission,
  type Signer,
  type VerifierKey,
  type WitnessAnswer,
  type Witnessed,
} from '../audit/index.js'
import { makeFolder } from '../folders/index.js'

const FILE_MODE = 0o600
const DIR_MODE = 0o700

export interface WitnessSetup {
  /** Where what was signed is kept: a directory of its own, on another machine than the logs. */
  readonly dir: string
  /** Keys of the logs that are witnessed. Several of one name are keys of one log. */
  readonly logs: readonly VerifierKey[]
  readonly signer: Signer
}

/** Signs checkpoints of logs that only grow. */
export interface Witness {
  /** Answers the body of an `add-checkpoint`. Rejects where the disk does not keep what is to be signed: then nothing was. */
  add(body: string): Promise<WitnessAnswer>
}

/** Opens a witness; what it signed before is read when a log asks first. */
export function openWitness({ dir, logs, signer }: WitnessSetup): Witness {
  makeFolder(dir, DIR_MODE)
  const lanes = new Map<string, Promise<unknown>>()

  async function answer(log: string, keys: readonly VerifierKey[], body: string): Promise<WitnessAnswer> {
    const file = join(dir, `${createHash('sha256').update(log).digest('hex')}.json`)
    const judged = judgeSubmission(body, keys, await readKept(file), signer)
    if (judged.keep) await keep(file, log, judged.keep)
    return judged
  }

  return {
    add(body) {
      const log = logOfSubmission(body) ?? ''
      const keys = logs.filter(({ name }) => name === log)
      if (keys.length === 0) return Promise.resolve(judgeSubmission(body, keys, undefined, signer))
      const next = (lanes.get(log) ?? Promise.resolve()).then(() => answer(log, keys, body))
      lanes.set(
        log,
        next.catch(() => {}),
      )
      return next
    },
  }
}

async function readKept(file: string): Promise<Witnessed | undefined> {
  try {
    const { size, root } = JSON.parse(await readFile(file, 'utf8')) as Witnessed
    return { size, root }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** The file is there whole when this resolves, also after a loss of power: a witness that forgot would sign a fork. */
async function keep(file: string, log: string, { size, root }: Witnessed): Promise<void> {
  const draft = `${file}.draft`
  const handle = await open(draft, 'w', FILE_MODE)
  try {
    await handle.writeFile(`${JSON.stringify({ log, size, root })}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(draft, file)
  if (process.platform === 'win32') return
  const dir = await open(join(file, '..'), 'r')
  await dir.sync().finally(() => dir.close())
}

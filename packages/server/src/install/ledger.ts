import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { hashOf, readBytes, replaceBytes } from './files.js'

const hash = z.string().regex(/^[0-9a-f]{64}$/)

const record = z.object({
  /** Absolute, as it was found. */
  path: z.string(),
  kind: z.enum(['client', 'config', 'service']),
  /** SHA-256 of the bytes before we wrote, by which the backup is named; null: there was no file. */
  original: hash.nullable(),
  /** SHA-256 of what we wrote. */
  written: hash,
  /** The uppermost folder that we made for it; null: none. */
  folder: z.string().nullable().default(null),
  /** Of our configuration: the servers that we put there, by name. */
  added: z.record(z.string(), z.string()).default({}),
})

/** What we wrote into one file. */
export type FileRecord = z.infer<typeof record>

const ledgerFile = z.object({ version: z.literal(1), files: z.array(record) })

/** What was written where, and what was there before: `<state directory>/install`, every file with mode 0600. */
export interface Ledger {
  records(): readonly FileRecord[]
  of(path: string): FileRecord | undefined
  /** The bytes before we wrote; undefined: there was no file, or the backup is gone. */
  original(record: FileRecord): Promise<Buffer | undefined>
  /** Called before the file is written: a record without its change does no harm, a change without its record would. */
  keep(entry: Entry): Promise<void>
  /** Forgets a file and its backup. */
  drop(path: string): Promise<void>
}

export interface Entry {
  readonly path: string
  readonly kind: FileRecord['kind']
  readonly original: Uint8Array | undefined
  readonly written: Uint8Array
  /** The uppermost folder that writing it makes. */
  readonly folder?: string | undefined
  readonly added?: Readonly<Record<string, string>>
}

export async function openLedger(dataDir: string): Promise<Ledger> {
  const dir = join(dataDir, 'install')
  const file = join(dir, 'files.json')
  const backup = (name: string) => join(dir, `${name}.original`)
  let before = await readBytes(file)
  let files = parsed(before)
  const save = async (next: FileRecord[]): Promise<void> => {
    const after = Buffer.from(`${JSON.stringify({ version: 1, files: next }, null, 2)}\n`)
    await replaceBytes(file, after, before)
    before = after
    files = next
  }
  const clean = async (name: string | null | undefined): Promise<void> => {
    if (name && !files.some(({ original }) => original === name)) await rm(backup(name), { force: true })
  }
  return {
    records: () => files,
    of: (path) => files.find((known) => known.path === path),
    async original({ original }) {
      if (original === null) return undefined
      const bytes = await readFile(backup(original)).catch(() => undefined)
      return bytes && hashOf(bytes) === original ? bytes : undefined
    },
    async keep({ path, kind, original, written, folder, added = {} }) {
      const name = original === undefined ? null : hashOf(original)
      if (original && name) await replaceBytes(backup(name), original, await readBytes(backup(name)))
      const old = files.find((known) => known.path === path)
      const hashes = { original: name, written: hashOf(written) }
      const made = { path, kind, ...hashes, folder: folder ?? old?.folder ?? null, added: { ...added } }
      await save([...files.filter((known) => known.path !== path), made])
      await clean(old?.original)
    },
    async drop(path) {
      const old = files.find((known) => known.path === path)
      if (!old) return
      await save(files.filter((known) => known.path !== path))
      await clean(old.original)
    },
  }
}

/** A ledger that cannot be read is an empty one: what it told can be undone by what the entries say themselves. */
function parsed(bytes: Buffer | undefined): FileRecord[] {
  try {
    return bytes === undefined ? [] : ledgerFile.parse(JSON.parse(bytes.toString())).files
  } catch {
    return []
  }
}

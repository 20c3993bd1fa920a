import { VitalsError, vitalsError } from '../errors/index.js'
import { hashOf, readBytes, realFile } from './files.js'
import { JSONC } from './jsonc.js'
import type { Ledger } from './ledger.js'
import type { Found } from './places.js'
import { type Change, type Left, NotAsIntended, type Shape } from './rewrite.js'
import { TOML } from './toml.js'
import { MalformedText } from './tree.js'

/** What would become of one file. */
export interface FilePlan {
  readonly path: string
  /** What to call it: the client’s name, or what it is of ours. */
  readonly title: string
  readonly kind: 'client' | 'config' | 'service'
  readonly before: Buffer | undefined
  /** Undefined: it is removed. */
  readonly after: Buffer | undefined
  /** The bytes to go back to; undefined: there was no file. */
  readonly original: Buffer | undefined
  /** Of our configuration: the servers that are ours there, by name. */
  readonly added?: Readonly<Record<string, string>>
  readonly changes: readonly Change[]
  readonly left: readonly Left[]
  /** What a person should know, one sentence each. */
  readonly notes: readonly string[]
}

/** A file that cannot be changed, and why. */
export interface FileProblem {
  readonly path: string
  readonly title: string
  readonly error: VitalsError
}

/** All that one command would do. */
export interface Plan {
  readonly files: readonly FilePlan[]
  readonly problems: readonly FileProblem[]
}

/** A file’s bytes as text: the mark at its beginning apart. */
export interface Decoded {
  readonly mark: string
  readonly text: string
}

const BOM = '\uFEFF'

/** Throws MalformedText where the bytes are no UTF-8. */
export function decoded(bytes: Buffer): Decoded {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return text.startsWith(BOM) ? { mark: BOM, text: text.slice(1) } : { mark: '', text }
  } catch (error) {
    throw new MalformedText(1, 1, `it is not UTF-8 text (${(error as Error).name})`)
  }
}

export function encoded({ mark }: Decoded, text: string): Buffer {
  return Buffer.from(mark + text)
}

export function shapeOf({ file }: Found): Shape {
  return { format: file.format === 'toml' ? TOML : JSONC, servers: file.servers }
}

/** The files of clients that are there, each once, though two names may lead to one. */
export async function present(files: readonly Found[]): Promise<readonly Found[]> {
  const seen = new Set<string>()
  const there: Found[] = []
  for (const found of files) {
    const real = await realFile(found.path)
    if (seen.has(real) || !(await isThere(found.path))) continue
    seen.add(real)
    there.push(found)
  }
  return there
}

async function isThere(path: string): Promise<boolean> {
  // One that cannot be read is there, and is told of where it is read.
  return (await readBytes(path).catch(() => null)) !== undefined
}

/** Plans one file; what is wrong with it becomes its problem instead of everybody’s. */
export async function planOf<T>(
  { path, title }: { readonly path: string; readonly title: string },
  work: () => Promise<T>,
): Promise<T | FileProblem> {
  try {
    return await work()
  } catch (error) {
    return { path, title, error: problemOf(path, error) }
  }
}

export function isProblem(planned: object): planned is FileProblem {
  return 'error' in planned
}

/** Parts plans from what could not be planned. */
export function parted(planned: readonly (FilePlan | FileProblem)[]): Plan {
  return {
    files: planned.filter((one): one is FilePlan => !isProblem(one)),
    problems: planned.filter(isProblem),
  }
}

export function problemOf(file: string, error: unknown): VitalsError {
  if (error instanceof VitalsError) return error
  if (error instanceof NotAsIntended) return vitalsError('CLIENT_FILE_STRANGE', { file }, error)
  if (!(error instanceof MalformedText)) throw error
  const { line, column, message } = error
  return vitalsError('CLIENT_FILE_MALFORMED', { file, line, column, reason: message }, error)
}

/**
 * The bytes to go back to, for a file that we change now: the backup, where it still is what we wrote last time; else
 * what it holds without what we put in before.
 */
export async function originalOf(path: string, before: Buffer, ledger: Ledger, without: () => string): Promise<Buffer> {
  const record = ledger.of(path)
  if (record?.written === hashOf(before)) {
    const kept = await ledger.original(record)
    if (kept) return kept
  }
  const text = without()
  return encoded(decoded(before), text)
}

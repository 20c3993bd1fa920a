import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import {
  type AuditEventType,
  DAEMON_ORIGIN,
  type Draft,
  isAuditEventType,
  parseVerifierKey,
  type VerifierKey,
} from '../audit/index.js'
import { type AuditOptions, keyFiles, type LogKeys, openKeys, placeOf, readTrusted } from '../audit-log/index.js'
import { type AuditReader, openAuditReader, openAuditStore, type WatchedAuditStore } from '../audit-store/index.js'
import { loadConfig } from '../config/index.js'
import { defaultDataDir } from '../datadir/index.js'
import { VitalsError, vitalsError } from '../errors/index.js'
import { findOwnFile } from './find.js'
import type { Terminal } from './terminal.js'

/** What the command line gave to `audit …`. */
export interface AuditFlags {
  readonly data?: string
  readonly config?: string
  readonly type?: readonly string[]
  readonly actor?: string
  readonly target?: string
  readonly since?: string
  readonly until?: string
  readonly text?: string
  readonly limit?: string
  readonly json?: boolean
  readonly open?: boolean
  readonly seq?: string
  readonly field?: string
  readonly files?: readonly string[]
  readonly key?: readonly string[]
  readonly checkpoints?: readonly string[]
  readonly maxUnsigned?: string
  readonly from?: string
  readonly to?: string
  readonly before?: string
}

/** Where the log of a command line lies. */
export interface AuditPlace {
  readonly dir: string
  readonly options: AuditOptions
}

export function auditPlace({ data, config: file }: AuditFlags, { env }: Terminal): AuditPlace {
  const { config } = loadConfig({ file: file ?? findOwnFile(env), env })
  return { dir: data ?? config.dataDir ?? defaultDataDir({ env }), options: config.audit }
}

/** The keys that a command line trusts: those it names, else those of the state directory. */
export async function trustedKeys(flags: AuditFlags, terminal: Terminal): Promise<readonly VerifierKey[]> {
  if (flags.key) return flags.key.map(parseVerifierKey)
  const { dir, options } = auditPlace(flags, terminal)
  const { publicFile } = keyFiles(dir, options)
  const keys = await readTrusted(publicFile)
  if (keys.length === 0) throw vitalsError('AUDIT_KEY_INVALID', { reason: `there is none in ${publicFile}` })
  return keys
}

/** Opens the log to read, does the work, and lets go of it. Rejects with AUDIT_LOG_UNKNOWN where there is none. */
export async function reading<T>(
  flags: AuditFlags,
  terminal: Terminal,
  work: (reader: AuditReader, place: AuditPlace) => Promise<T>,
): Promise<T> {
  const place = auditPlace(flags, terminal)
  const reader = await openAuditReader({ place: placeOf(place.dir, place.options), log: await logOf(place) })
  try {
    return await work(reader, place)
  } finally {
    await reader.close()
  }
}

/**
 * Opens the log to write, beside a daemon that may do so too, does the work, and lets go of it. Rejects with
 * AUDIT_LOG_UNKNOWN where there is none: a daemon makes logs, and a wrong directory shall not become one.
 */
export async function writing<T>(
  flags: AuditFlags,
  terminal: Terminal,
  work: (store: WatchedAuditStore, place: AuditPlace) => Promise<T>,
): Promise<T> {
  const place = auditPlace(flags, terminal)
  const log = await logOf(place)
  const onFault = (error: Error) => terminal.err.write(`${error.message}\n`)
  const store = await openAuditStore({ place: placeOf(place.dir, place.options), log, onFault })
  try {
    return await work(store, place)
  } finally {
    await store.close()
  }
}

/** The log's name, where a log is. */
async function logOf({ dir, options }: AuditPlace): Promise<string> {
  const { publicFile } = keyFiles(dir, options)
  const log = options.log ?? (await readTrusted(publicFile)).at(-1)?.name
  const place = placeOf(dir, options)
  if ('sqlite' in place && !existsSync(place.sqlite))
    throw vitalsError('AUDIT_LOG_UNKNOWN', { place: dir, reason: `there is no file ${place.sqlite}` })
  if (log === undefined)
    throw vitalsError('AUDIT_LOG_UNKNOWN', { place: dir, reason: `no key in ${publicFile} tells its name` })
  return log
}

/** The keys of a log that is there. None is made: nobody would know what a new one signed. */
export async function signingKeys({ dir, options }: AuditPlace): Promise<LogKeys> {
  const { privateFile } = keyFiles(dir, options)
  if (!existsSync(privateFile))
    throw vitalsError('AUDIT_KEY_INVALID', { reason: `there is no private key in ${privateFile}` })
  return openKeys(dir, options)
}

/** Does something with a file that the command line named, and says in our words what the system has against it. */
export async function withFile<T>(file: string, action: 'read' | 'made', work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException
    if (error instanceof VitalsError || syscall === undefined) throw error
    const reason = FILE_REASONS[code ?? ''] ?? (error as Error).message
    throw vitalsError('AUDIT_FILE_UNUSABLE', { file, action, reason }, error)
  }
}

const FILE_REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not',
  EEXIST: 'it is there already',
  EISDIR: 'it is a directory',
  ENOENT: 'there is no such file or directory',
  ENOSPC: 'there is no space left',
  ENOTDIR: 'a part of its path is no directory',
  EROFS: 'the file system is read-only',
}

/** What somebody did at the command line, as a row. */
export function doneHere(eventType: AuditEventType, target: string, details: Draft['details']): Draft {
  return {
    id: randomUUID(),
    timestamp: new Date().toISOString(),
    eventType,
    actor: 'system',
    target,
    details,
    origin: DAEMON_ORIGIN,
  }
}

/** A number of a row, or of rows. */
export function countOf(option: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw vitalsError('AUDIT_OPTION_INVALID', {
    option,
    value: JSON.stringify(text),
    expected: 'a whole number, such as 42',
  })
}

export function timeOf(option: string, text: string): string {
  const at = Date.parse(text)
  if (!Number.isNaN(at)) return new Date(at).toISOString()
  const expected = 'a time, such as 2026-11-21T04:00:00Z'
  throw vitalsError('AUDIT_OPTION_INVALID', { option, value: JSON.stringify(text), expected })
}

export function typeOf(text: string): AuditEventType {
  if (isAuditEventType(text)) return text
  const expected = 'a type of row, such as TOOL_CALLED'
  throw vitalsError('AUDIT_OPTION_INVALID', { option: '--type', value: JSON.stringify(text), expected })
}

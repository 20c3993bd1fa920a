import { randomUUID } from 'node:crypto'
import {
  type AuditEventType,
  DAEMON_ORIGIN,
  type Draft,
  isAuditEventType,
  parseVerifierKey,
  type VerifierKey,
} from '../audit/index.js'
import { type AuditOptions, keyFiles, openKeys, placeOf, readTrusted } from '../audit-log/index.js'
import { type AuditReader, openAuditReader, openAuditStore, type WatchedAuditStore } from '../audit-store/index.js'
import { loadConfig } from '../config/index.js'
import { defaultDataDir } from '../datadir/index.js'
import { vitalsError } from '../errors/index.js'
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

/** Opens the log to read, does the work, and lets go of it. */
export async function reading<T>(
  flags: AuditFlags,
  terminal: Terminal,
  work: (reader: AuditReader, place: AuditPlace) => Promise<T>,
): Promise<T> {
  const place = auditPlace(flags, terminal)
  const { publicFile } = keyFiles(place.dir, place.options)
  const log = place.options.log ?? (await readTrusted(publicFile)).at(-1)?.name ?? ''
  const reader = await openAuditReader({ place: placeOf(place.dir, place.options), log })
  try {
    return await work(reader, place)
  } finally {
    await reader.close()
  }
}

/** Opens the log to write, beside a daemon that may do so too, does the work, and lets go of it. */
export async function writing<T>(
  flags: AuditFlags,
  terminal: Terminal,
  work: (store: WatchedAuditStore, keys: Awaited<ReturnType<typeof openKeys>>, place: AuditPlace) => Promise<T>,
): Promise<T> {
  const place = auditPlace(flags, terminal)
  const keys = await openKeys(place.dir, place.options)
  const onFault = (error: Error) => terminal.err.write(`${error.message}\n`)
  const store = await openAuditStore({ place: placeOf(place.dir, place.options), log: keys.log, onFault })
  try {
    return await work(store, keys, place)
  } finally {
    await store.close()
  }
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

import { loadConfig } from '../config/index.js'
import { defaultDataDir, openDataDir } from '../datadir/index.js'
import { changeKeys, type KeyRecord, makeKey, readKeys } from '../doors/index.js'
import { vitalsError } from '../errors/index.js'
import { findOwnFile } from './find.js'
import type { Terminal } from './terminal.js'

/** What the command line gave to `keys …`. */
export interface KeysFlags {
  readonly data?: string
  readonly agent?: string
  readonly server?: readonly string[]
  readonly tools?: readonly string[]
  readonly expires?: string
}

const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Makes a key. It goes to standard output alone, this once; what it is for goes to standard error. */
export async function createKey(flags: KeysFlags, terminal: Terminal): Promise<void> {
  const { agent = '', server = ['*'], tools = ['*'], expires } = flags
  requireName('--agent', agent)
  for (const pattern of server) requireName('--server', pattern)
  for (const pattern of tools) requireName('--tools', pattern)
  const createdAt = Date.now()
  const expiresAt = expires === undefined ? undefined : timeOf(expires, createdAt)
  const about = { agent, servers: server, tools, createdAt, ...(expiresAt !== undefined && { expiresAt }) }
  const { key, record } = makeKey(about)
  await changeKeys(await dirOf(flags, terminal), (keys) => ({ keys: [...keys, record], result: undefined }))
  show(key, record, terminal)
}

/** Lists the keys without their secrets. */
export async function listKeys(flags: KeysFlags, terminal: Terminal): Promise<void> {
  const keys = readKeys(await dirOf(flags, terminal))
  if (keys.length === 0) terminal.err.write('There are no keys. Make one: mcp-vitals keys create --agent reporter\n')
  for (const record of keys) terminal.out.write(`${lineOf(record)}\n`)
}

/** Ends a key at once. */
export async function revokeKey(id: string, flags: KeysFlags, terminal: Terminal): Promise<void> {
  const revokedAt = Date.now()
  const revoked = await changeKeys(await dirOf(flags, terminal), (keys) => {
    found(keys, id)
    return {
      keys: keys.map((record) => (record.id === id ? { ...record, revokedAt } : record)),
      result: found(keys, id),
    }
  })
  terminal.out.write(`The key ${id} of ${revoked.agent} opens nothing any more.\n`)
}

/** Makes a new key with the rights of an old one, and revokes that one. */
export async function rotateKey(id: string, flags: KeysFlags, terminal: Terminal): Promise<void> {
  const createdAt = Date.now()
  const { key, record } = await changeKeys(await dirOf(flags, terminal), (keys) => {
    const { agent, servers, tools, expiresAt, createdAt: madeAt } = found(keys, id)
    const lifeMs = expiresAt === undefined ? undefined : expiresAt - madeAt
    const made = makeKey({ agent, servers, tools, createdAt, ...(lifeMs && { expiresAt: createdAt + lifeMs }) })
    const others = keys.map((one) => (one.id === id ? { ...one, revokedAt: createdAt } : one))
    return { keys: [...others, made.record], result: made }
  })
  show(key, record, terminal)
  terminal.err.write(`The key ${id} opens nothing any more.\n`)
}

function found(keys: readonly KeyRecord[], id: string): KeyRecord {
  const record = keys.find((one) => one.id === id && one.revokedAt === undefined)
  if (!record) throw vitalsError('KEY_NOT_FOUND', { id })
  return record
}

function show(key: string, record: KeyRecord, { out, err }: Terminal): void {
  err.write(`Key ${record.id} of ${record.agent}, shown this once. Clients send it in the header X-MCP-Vitals-Key:\n`)
  out.write(`${key}\n`)
}

function lineOf({ id, agent, servers, tools, createdAt, expiresAt, revokedAt }: KeyRecord): string {
  const state =
    revokedAt !== undefined
      ? `revoked ${dayOf(revokedAt)}`
      : expiresAt === undefined
        ? 'open'
        : `${expiresAt <= Date.now() ? 'expired' : 'open until'} ${dayOf(expiresAt)}`
  return `${id}  ${agent}  servers ${servers.join(',')}  tools ${tools.join(',')}  made ${dayOf(createdAt)}  ${state}`
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 16).replace('T', ' ')
}

function requireName(option: string, value: string): void {
  if (!/^[^\p{Cc}]{1,128}$/u.test(value))
    throw vitalsError('KEY_OPTION_INVALID', {
      option,
      value: JSON.stringify(value),
      expected: '1 to 128 characters, none of them a control character',
    })
}

/** `90d`, `12h`, `30m`, or a date as ISO 8601 has it. */
function timeOf(text: string, now: number): number {
  const [, count, unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? []
  const at = count === undefined ? Date.parse(text) : now + Number(count) * UNITS_MS[unit]!
  if (at > now) return at
  const expected = 'a time to come, as 90d, 12h, 30m or 2027-01-31'
  throw vitalsError('KEY_OPTION_INVALID', { option: '--expires', value: JSON.stringify(text), expected })
}

async function dirOf({ data }: KeysFlags, { env }: Terminal): Promise<string> {
  const named = data ?? loadConfig({ file: findOwnFile(env), env }).config.dataDir ?? defaultDataDir({ env })
  return (await openDataDir(named)).path
}

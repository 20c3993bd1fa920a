import { Client } from 'pg'
import { beginLog } from '../../audit/index.js'
import { vitalsError } from '../../errors/index.js'
import { checkLog } from '../check.js'
import type { LogDatabase } from '../database.js'
import type { WorkerData } from '../protocol.js'
import type { Survivors } from '../seal-drafts.js'
import { createPostgresLog } from './database.js'
import { migrateSchema } from './schema.js'

/** How long a connection, and one statement, may take. Milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000
const STATEMENT_TIMEOUT_MS = 30_000

/**
 * Connects, makes or migrates the tables, and looks at the rows behind the newest checkpoint. A connection that is lost
 * throws in the thread, which ends it: the next one connects anew, and looks at what is there.
 */
export async function openPostgresLog(data: WorkerData): Promise<{ readonly database: LogDatabase }> {
  const { place, log, shown, role, afterFault } = data
  if (!('postgres' in place)) throw new Error('it lies in no PostgreSQL')
  const { postgres: connectionString, schema } = place
  const client = new Client({
    connectionString,
    application_name: 'mcp-vitals audit',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    keepAlive: true,
  })
  await client.connect()
  const name = client.escapeIdentifier(schema)
  await client.query("SET client_encoding = 'UTF8'")
  if (role === 'read') {
    await client.query('SET default_transaction_read_only = on')
    return { database: createPostgresLog(client, { schema: name, log, survivors: new Map() }) }
  }
  await client.query('SET synchronous_commit = on')
  await migrateSchema(client, schema, shown)
  const { lastHash } = beginLog(log)
  const begin = `INSERT INTO ${name}.logs VALUES ($1, 0, $2, '{}') ON CONFLICT DO NOTHING`
  await client.query(begin, [log, lastHash])
  const survivors = await survivorsOf(client, name, data)
  const database = createPostgresLog(client, { schema: name, log, survivors })
  // Of one moment: others may write meanwhile.
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  const { bad } = await checkLog(database, log, { all: afterFault })
  await client.query('COMMIT')
  if (bad) throw vitalsError('AUDIT_DAMAGED', { store: shown, seq: bad.seq, reason: bad.reason })
  return { database }
}

/** Rows of drafts that were under way when the last thread ended. */
async function survivorsOf(client: Client, schema: string, { log, unsure }: WorkerData): Promise<Survivors> {
  if (unsure.length === 0) return new Map()
  const sql = `SELECT id, seq FROM ${schema}.row_data WHERE log = $1 AND id = ANY($2::uuid[])`
  const { rows } = await client.query<{ id: string; seq: string }>(sql, [log, unsure])
  return new Map(rows.map(({ id, seq }) => [id, Number(seq)]))
}

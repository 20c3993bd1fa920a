import type { Client } from 'pg'
import { vitalsError } from '../../errors/index.js'

/** Steps of the schema. Never changed once released, only added. `$S` stands for the schema's quoted name. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE $S.logs (
    name text PRIMARY KEY,
    size bigint NOT NULL,
    last_hash text NOT NULL,
    frontier text[] NOT NULL
  );
  CREATE TABLE $S.row_data (
    log text NOT NULL REFERENCES $S.logs,
    seq bigint NOT NULL,
    bytes bytea NOT NULL,
    row_hash text NOT NULL,
    id uuid NOT NULL,
    "timestamp" text NOT NULL,
    event_type text NOT NULL,
    actor text NOT NULL,
    target text NOT NULL,
    PRIMARY KEY (log, seq)
  );
  CREATE UNIQUE INDEX row_data_id ON $S.row_data (log, id);
  CREATE INDEX row_data_type ON $S.row_data (log, event_type, seq);
  CREATE INDEX row_data_actor ON $S.row_data (log, actor, seq);
  CREATE INDEX row_data_target ON $S.row_data (log, target, seq);
  CREATE INDEX row_data_timestamp ON $S.row_data (log, "timestamp", seq);
  CREATE TABLE $S.nodes (
    log text NOT NULL REFERENCES $S.logs,
    level int NOT NULL,
    place bigint NOT NULL,
    hash text NOT NULL,
    PRIMARY KEY (log, level, place)
  );
  CREATE TABLE $S.checkpoints (
    log text NOT NULL REFERENCES $S.logs,
    size bigint NOT NULL,
    note text NOT NULL,
    PRIMARY KEY (log, size)
  );
  CREATE TABLE $S.segments (
    log text NOT NULL REFERENCES $S.logs,
    first bigint NOT NULL,
    size bigint NOT NULL,
    last_hash text NOT NULL,
    frontier text[] NOT NULL,
    rows_file text NOT NULL,
    leaves_file text NOT NULL,
    PRIMARY KEY (log, first)
  );
  CREATE TABLE $S.openings (
    log text NOT NULL REFERENCES $S.logs,
    seq bigint NOT NULL,
    field text NOT NULL,
    salt bytea NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (log, seq, field)
  );
  CREATE VIEW $S.rows AS
    SELECT log, seq, bytes, row_hash, id, "timestamp", event_type, actor, target,
      convert_from(bytes, 'UTF8')::json -> 'details' AS details,
      convert_from(bytes, 'UTF8')::json ->> 'prev_hash' AS prev_hash,
      convert_from(bytes, 'UTF8')::json ->> 'origin' AS origin
    FROM $S.row_data;
  CREATE FUNCTION $S.refuse() RETURNS trigger LANGUAGE plpgsql AS $f$
    BEGIN RAISE EXCEPTION 'rows of the audit log are never changed or deleted'; END $f$;
  CREATE FUNCTION $S.refuse_unless_archived() RETURNS trigger LANGUAGE plpgsql AS $f$
    BEGIN
      IF OLD.seq >= (SELECT coalesce(max(s.size), 0) FROM $S.segments s WHERE s.log = OLD.log) THEN
        RAISE EXCEPTION 'rows of the audit log are never deleted, unless they lie in an archive';
      END IF;
      RETURN OLD;
    END $f$;
  CREATE TRIGGER stay_as_they_are BEFORE UPDATE ON $S.row_data
    FOR EACH ROW EXECUTE FUNCTION $S.refuse();
  CREATE TRIGGER stay BEFORE DELETE ON $S.row_data
    FOR EACH ROW EXECUTE FUNCTION $S.refuse_unless_archived();
  CREATE TRIGGER stay_all BEFORE TRUNCATE ON $S.row_data
    FOR EACH STATEMENT EXECUTE FUNCTION $S.refuse();
  CREATE TRIGGER stay_as_they_are BEFORE UPDATE OR DELETE ON $S.segments
    FOR EACH ROW EXECUTE FUNCTION $S.refuse();
  CREATE TRIGGER stay_all BEFORE TRUNCATE ON $S.segments
    FOR EACH STATEMENT EXECUTE FUNCTION $S.refuse();
  `,
]

/** A number that nobody else locks by: who migrates holds it. */
const LOCK = 0x6d637061

/** Brings the schema up, one program at a time. Throws STORE_SCHEMA_NEWER, with nothing touched, when a later version made it. */
export async function migrateSchema(client: Client, schema: string, shown: string): Promise<void> {
  const name = client.escapeIdentifier(schema)
  await client.query('BEGIN')
  try {
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK])
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${name}`)
    await client.query(`CREATE TABLE IF NOT EXISTS ${name}.schema_version (version int NOT NULL)`)
    const { rows } = await client.query<{ version: number }>(`SELECT version FROM ${name}.schema_version`)
    const found = rows[0]?.version ?? 0
    const known = MIGRATIONS.length
    if (found > known) throw vitalsError('STORE_SCHEMA_NEWER', { file: shown, found, known })
    for (const step of MIGRATIONS.slice(found)) await client.query(step.replaceAll('$S', name))
    if (found < known) {
      await client.query(`DELETE FROM ${name}.schema_version`)
      await client.query(`INSERT INTO ${name}.schema_version VALUES ($1)`, [known])
    }
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {})
    throw error
  }
}

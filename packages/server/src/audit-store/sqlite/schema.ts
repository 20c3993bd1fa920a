import type { Migration } from '../../sqlite/index.js'

/** A member of a row as a column, for whoever looks with SQL; NULL where somebody made the bytes no JSON. */
const member = (name: string) =>
  `CASE WHEN json_valid(CAST(bytes AS TEXT)) THEN json_extract(CAST(bytes AS TEXT), '$.${name}') END AS ${name}`

const MEMBERS = ['id', 'timestamp', 'event_type', 'actor', 'target', 'details', 'prev_hash', 'origin']

/**
 * The tables of `audit.db`. Verifiers read `row_data`, `checkpoints` and `segments`: docs/audit-log-format.md. Steps are never
 * changed once released, only added. What is stored of a row is its bytes; the view `rows` shows its members. (As generated
 * columns they would be read out of the bytes with every insert.)
 */
export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    up: `
      CREATE TABLE log (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        name TEXT NOT NULL,
        size INTEGER NOT NULL,
        last_hash TEXT NOT NULL,
        frontier TEXT NOT NULL
      ) STRICT;
      CREATE TABLE row_data (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL, row_hash TEXT NOT NULL) STRICT;
      CREATE VIEW rows AS SELECT seq, bytes, row_hash,
        ${MEMBERS.map(member).join(',\n        ')}
        FROM row_data;
      CREATE TABLE nodes (
        level INTEGER NOT NULL,
        place INTEGER NOT NULL,
        hash TEXT NOT NULL,
        PRIMARY KEY (level, place)
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE checkpoints (size INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT;
      CREATE TABLE segments (
        first INTEGER PRIMARY KEY,
        size INTEGER NOT NULL,
        last_hash TEXT NOT NULL,
        frontier TEXT NOT NULL,
        rows_file TEXT NOT NULL,
        leaves_file TEXT NOT NULL
      ) STRICT;
      CREATE TABLE openings (
        seq INTEGER NOT NULL,
        field TEXT NOT NULL,
        salt BLOB NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (seq, field)
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE groups (
        last INTEGER PRIMARY KEY,
        first INTEGER NOT NULL,
        earliest TEXT NOT NULL,
        latest TEXT NOT NULL,
        keys TEXT NOT NULL
      ) STRICT;
      CREATE TRIGGER rows_stay_as_they_are BEFORE UPDATE ON row_data
        BEGIN SELECT RAISE(ABORT, 'rows of the audit log are never changed'); END;
      CREATE TRIGGER rows_take_no_place_of_another BEFORE INSERT ON row_data
        WHEN EXISTS (SELECT 1 FROM row_data WHERE seq = NEW.seq)
        BEGIN SELECT RAISE(ABORT, 'rows of the audit log are never replaced'); END;
      CREATE TRIGGER rows_stay BEFORE DELETE ON row_data
        WHEN OLD.seq >= (SELECT coalesce(max(size), 0) FROM segments)
        BEGIN SELECT RAISE(ABORT, 'rows of the audit log are never deleted, unless they lie in an archive'); END;
      CREATE TRIGGER segments_stay_as_they_are BEFORE UPDATE ON segments
        BEGIN SELECT RAISE(ABORT, 'archived segments are never changed'); END;
      CREATE TRIGGER segments_take_no_place_of_another BEFORE INSERT ON segments
        WHEN EXISTS (SELECT 1 FROM segments WHERE first = NEW.first)
        BEGIN SELECT RAISE(ABORT, 'archived segments are never replaced'); END;
      CREATE TRIGGER segments_stay BEFORE DELETE ON segments
        BEGIN SELECT RAISE(ABORT, 'archived segments are never deleted'); END;
    `,
  },
]

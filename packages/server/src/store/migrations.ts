import type { Migration } from '../sqlite/index.js'

export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    up: `
      CREATE TABLE streams (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        high_water INTEGER NOT NULL,
        seen_at REAL NOT NULL
      ) STRICT;
      CREATE TABLE events (
        id INTEGER PRIMARY KEY,
        at REAL NOT NULL,
        type TEXT NOT NULL,
        server TEXT NOT NULL,
        session TEXT,
        stream INTEGER,
        seq INTEGER,
        body TEXT NOT NULL
      ) STRICT;
      CREATE INDEX events_at ON events (at);
      CREATE INDEX events_type ON events (type, at);
      CREATE INDEX events_server ON events (server, at);
      CREATE INDEX events_session ON events (session, at) WHERE session IS NOT NULL;
    `,
  },
  {
    // Blocks of events instead of rows: blocks.ts says why. The view shows the events as rows to whoever looks with SQL.
    version: 2,
    up: `
      CREATE TABLE blocks (
        id INTEGER PRIMARY KEY,
        first_at REAL NOT NULL,
        last_at REAL NOT NULL,
        events INTEGER NOT NULL,
        stream INTEGER,
        seqs TEXT,
        keys TEXT NOT NULL,
        body TEXT NOT NULL
      ) STRICT;
      CREATE INDEX blocks_last_at ON blocks (last_at);
      CREATE TABLE block_keys (
        key TEXT NOT NULL,
        last_at REAL NOT NULL,
        block INTEGER NOT NULL,
        PRIMARY KEY (key, last_at, block)
      ) STRICT, WITHOUT ROWID;
      INSERT INTO blocks
        SELECT id, at, at, 1, stream, CASE WHEN seq IS NULL THEN NULL ELSE json_array(seq) END,
          CASE WHEN session IS NULL THEN json_array('type:' || type, 'server:' || server)
            ELSE json_array('session:' || session, 'type:' || type, 'server:' || server) END,
          json_array(CASE WHEN session IS NULL THEN json_set(body, '$.at', at, '$.type', type, '$.server', server)
            ELSE json_set(body, '$.at', at, '$.type', type, '$.server', server, '$.session', session) END)
        FROM events;
      INSERT INTO block_keys SELECT k.value, b.last_at, b.id FROM blocks b, json_each(b.keys) k;
      DROP TABLE events;
      CREATE VIEW events AS
        SELECT b.id * 1024 + e.key AS id, e.value ->> 'at' AS at, e.value ->> 'type' AS type,
          e.value ->> 'server' AS server, e.value ->> 'session' AS session, b.stream AS stream,
          json_extract(b.seqs, '$[' || e.key || ']') AS seq, e.value AS body
        FROM blocks b, json_each(b.body) e;
    `,
  },
  {
    // Samples of the metrics: blocks of many series, which know them by numbers.
    version: 3,
    up: `
      CREATE TABLE sample_series (
        ref INTEGER PRIMARY KEY,
        lane TEXT NOT NULL,
        labels TEXT NOT NULL
      ) STRICT;
      CREATE TABLE sample_blocks (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        lane TEXT NOT NULL,
        resolution TEXT NOT NULL,
        start_ms REAL NOT NULL,
        end_ms REAL NOT NULL,
        bytes INTEGER NOT NULL,
        body BLOB NOT NULL
      ) STRICT;
      CREATE UNIQUE INDEX sample_blocks_start ON sample_blocks (lane, resolution, start_ms);
    `,
  },
  {
    // What rules know beside the samples: since when their alerts hold.
    version: 4,
    up: 'CREATE TABLE rule_states (key TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID',
  },
  {
    // What came of the checks of health: days, in few rows that many queries look for, and incidents.
    version: 5,
    up: `
      CREATE TABLE health_components (
        name TEXT PRIMARY KEY,
        status TEXT NOT NULL,
        credited_at REAL NOT NULL,
        probed_at REAL NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE health_days (
        component TEXT NOT NULL,
        day INTEGER NOT NULL,
        watched_ms REAL NOT NULL,
        degraded_ms REAL NOT NULL,
        unhealthy_ms REAL NOT NULL,
        maintenance_ms REAL NOT NULL,
        checks INTEGER NOT NULL,
        failures INTEGER NOT NULL,
        latencies TEXT NOT NULL,
        calls INTEGER NOT NULL,
        call_failures INTEGER NOT NULL,
        call_latencies TEXT NOT NULL,
        PRIMARY KEY (component, day)
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE incidents (
        id TEXT PRIMARY KEY,
        component TEXT NOT NULL,
        began REAL NOT NULL,
        ended REAL,
        body TEXT NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX incidents_began ON incidents (began);
      CREATE INDEX incidents_component ON incidents (component, began);
    `,
  },
  {
    // Calls by tool, rolled up: few rows that the tables of the dashboard are made of.
    version: 6,
    up: `
      CREATE TABLE call_slots (
        level TEXT NOT NULL,
        at INTEGER NOT NULL,
        server TEXT NOT NULL,
        tool TEXT NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (level, at, server, tool)
      ) STRICT, WITHOUT ROWID;
    `,
  },
]

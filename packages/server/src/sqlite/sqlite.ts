import Database from 'libsql'

/** What SQLite stores in a column. */
export type Value = string | number | null | Uint8Array

/** The narrow driver: all that our stores ask of a database. Synchronous: for worker threads. */
export interface Sqlite {
  /** Runs statements without values. */
  exec(sql: string): void
  /** Runs one statement; returns how many rows it changed. */
  run(sql: string, ...values: Value[]): number
  /** All rows, each as an array in the order of the columns. */
  rows(sql: string, ...values: Value[]): Value[][]
  /** The first column of the first row, or undefined when there is no row. */
  value(sql: string, ...values: Value[]): Value | undefined
  /** Runs `work` in one transaction that holds the write lock from its start; a throw undoes all of it. */
  transaction<T>(work: () => T): T
  /** Begins such a transaction, which lasts over several turns. */
  begin(): void
  /** Ends it. Throws when the disk refuses. */
  commit(): void
  /** Undoes what is under way, where something is. */
  undo(): void
}

/**
 * Opens (or makes) the database `file`; another's lock is waited for at most `busyTimeoutMs`.
 * There is no `close`: libsql keeps a database open while one of its statements lives, and the end of the thread closes both.
 */
export function openSqlite(file: string, busyTimeoutMs: number): Sqlite {
  const database = new Database(file, { timeout: busyTimeoutMs })
  const statements = new Map<string, ReturnType<typeof database.prepare>>()

  function prepared(sql: string) {
    let statement = statements.get(sql)
    if (!statement) {
      statement = database.prepare(sql)
      statements.set(sql, statement)
    }
    return statement
  }

  /** Reads to the end, always: a statement left in the middle keeps its snapshot, and the write-ahead file could not shrink. */
  function rows(sql: string, ...values: Value[]): Value[][] {
    return prepared(sql).raw().all(values) as Value[][]
  }

  const begin = () => void database.exec('BEGIN IMMEDIATE')
  const commit = () => void database.exec('COMMIT')
  /** SQLite itself rolls back on some failures, a full disk among them. */
  function undo(): void {
    if (database.inTransaction) database.exec('ROLLBACK')
  }

  return {
    begin,
    commit,
    undo,
    exec: (sql) => {
      database.exec(sql)
    },
    run: (sql, ...values) => prepared(sql).run(values).changes,
    rows,
    value: (sql, ...values) => rows(sql, ...values)[0]?.[0],
    transaction(work) {
      begin()
      try {
        const result = work()
        commit()
        return result
      } catch (error) {
        undo()
        throw error
      }
    },
  }
}

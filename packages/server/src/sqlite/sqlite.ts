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
  /**
   * The same, but that the disk is waited for in another thread. Nothing else may be asked of the database until it settles.
   */
  transactionAside<T>(work: () => T): Promise<T>
  /** Runs statements without values in that other thread. */
  execAside(sql: string): Promise<void>
}

type ExecAside = (this: Database.Database, sql: string) => Promise<void>

/**
 * Both kinds of libsql’s databases are the same inside. The other kind is loaded for those who wait aside, and by each
 * once: it looks the machine over again, which takes longer than all else of it.
 */
let execAside: Promise<ExecAside> | undefined
const loadExecAside = () =>
  (execAside ??= import('libsql/promise').then(({ default: { prototype } }) => prototype.exec as unknown as ExecAside))

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

  /** SQLite itself rolls back on some failures, a full disk among them. */
  function undo(): void {
    if (database.inTransaction) database.exec('ROLLBACK')
  }

  return {
    exec: (sql) => {
      database.exec(sql)
    },
    run: (sql, ...values) => prepared(sql).run(values).changes,
    rows,
    value: (sql, ...values) => rows(sql, ...values)[0]?.[0],
    transaction(work) {
      database.exec('BEGIN IMMEDIATE')
      try {
        const result = work()
        database.exec('COMMIT')
        return result
      } catch (error) {
        undo()
        throw error
      }
    },
    async transactionAside(work) {
      const execAside = await loadExecAside()
      database.exec('BEGIN IMMEDIATE')
      try {
        const result = work()
        await execAside.call(database, 'COMMIT')
        return result
      } catch (error) {
        undo()
        throw error
      }
    },
    execAside: async (sql) => (await loadExecAside()).call(database, sql),
  }
}

import { vitalsError } from '../errors/index.js'
import type { Sqlite } from './sqlite.js'

/** One step of the schema. Steps are never changed once released, only added. */
export interface Migration {
  /** 1, 2, 3 …; SQLite's `user_version` afterwards. */
  readonly version: number
  readonly up: string
}

/**
 * Brings the schema up to the last of `migrations`, each step in a transaction of its own.
 * Throws STORE_SCHEMA_NEWER, with nothing touched, when the file was written by a later version.
 */
export function migrate(sqlite: Sqlite, file: string, migrations: readonly Migration[]): void {
  const found = Number(sqlite.value('PRAGMA user_version'))
  const known = migrations.at(-1)?.version ?? 0
  if (found > known) throw vitalsError('STORE_SCHEMA_NEWER', { file, found, known })
  for (const { version, up } of migrations.filter((step) => step.version > found)) {
    sqlite.transaction(() => {
      sqlite.exec(up)
      sqlite.exec(`PRAGMA user_version = ${version}`)
    })
  }
}

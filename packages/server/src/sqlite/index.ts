export { isDamage, reasonOf } from './failure.js'
export { type Migration, migrate } from './migrations.js'
export { openSqlite, type Sqlite, type Value } from './sqlite.js'
export { WalCheckpoints } from './wal.js'

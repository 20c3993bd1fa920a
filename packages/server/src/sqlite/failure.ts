const REASONS: Readonly<Record<string, string>> = {
  SQLITE_FULL: 'the disk is full',
  SQLITE_BUSY: 'another program holds the database',
  SQLITE_READONLY: 'the file system is read-only',
  SQLITE_IOERR: 'the disk fails',
  SQLITE_CORRUPT: 'the file is damaged',
  SQLITE_CANTOPEN: 'the file cannot be opened',
}

/** Why a database operation failed, in words, with SQLite's own. Extended codes (`SQLITE_IOERR_WRITE`) count as their class. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown }
  const known = typeof code === 'string' ? REASONS[code.split('_').slice(0, 2).join('_')] : undefined
  return known ? `${known} (${code}: ${message})` : String(message ?? error)
}

/** Whether SQLite says that the file is no database, or none that is whole. */
export function isDamage(error: unknown): boolean {
  const code = (error as { code?: unknown }).code
  return typeof code === 'string' && /^SQLITE_(NOTADB|CORRUPT)/.test(code)
}

import { createReadStream, createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import {
  type AuditHead,
  beginLog,
  checkProof,
  frontierAt,
  MAX_UNSIGNED_ROWS,
  type Opening,
  oneAfterTheOther,
  opens,
  readRowsFile,
  readSigningKey,
  signCheckpoint,
  splitNotes,
  verifyLog,
  writeRowsFile,
} from '../audit/index.js'
import {
  findRows,
  keyFiles,
  makeKey,
  proofOf,
  rowAt,
  type ShownRow,
  showRow,
  type WholeLog,
  wholeOf,
} from '../audit-log/index.js'
import type { AuditReader } from '../audit-store/index.js'
import { createPrivately, replacePrivately } from '../datadir/index.js'
import { vitalsError } from '../errors/index.js'
import {
  type AuditFlags,
  countOf,
  doneHere,
  reading,
  signingKeys,
  timeOf,
  trustedKeys,
  typeOf,
  withFile,
  writing,
} from './audit-place.js'
import { report, STATUS } from './report.js'
import type { Setting } from './setting.js'
import type { Terminal } from './terminal.js'

const DEFAULT_ROWS = '20'
const MOST_OF_A_PAGE = 1000

/** Shows rows of a filter, the oldest of them first, as a log file would. */
export async function tail(flags: AuditFlags, { terminal }: Setting): Promise<void> {
  const { type, actor, target, since, until, text, limit = DEFAULT_ROWS, json = false } = flags
  const wanted = countOf('--limit', limit)
  if (wanted === 0)
    throw vitalsError('AUDIT_OPTION_INVALID', { option: '--limit', value: '0', expected: 'at least 1, such as 20' })
  const filter = {
    ...(type && { eventTypes: type.map(typeOf) }),
    ...(actor !== undefined && { actor }),
    ...(target !== undefined && { target }),
    ...(since !== undefined && { since: timeOf('--since', since) }),
    ...(until !== undefined && { until: timeOf('--until', until) }),
    ...(text !== undefined && { text }),
  }
  const rows = await reading(flags, terminal, async (reader) => {
    const found: ShownRow[] = []
    let beforeSeq: number | undefined
    do {
      const most = Math.min(wanted - found.length, MOST_OF_A_PAGE)
      const page = await findRows(reader, { ...filter, limit: most, ...(beforeSeq !== undefined && { beforeSeq }) })
      found.push(...page.rows)
      beforeSeq = page.next
    } while (beforeSeq !== undefined && found.length < wanted)
    return found.reverse()
  })
  for (const row of rows) terminal.out.write(`${json ? JSON.stringify(row) : lineOf(row)}\n`)
  if (rows.length === 0) terminal.err.write('There is no such row.\n')
}

function lineOf(row: ShownRow): string {
  if ('unreadable' in row) return `${row.seq}  is no JSON any more: run "mcp-vitals audit verify"`
  const { seq, timestamp, event_type, actor, target, details, origin } = row
  const from = origin === 'daemon' ? '' : `  ${origin}`
  return `${seq}  ${timestamp}  ${event_type}  ${actor}  ${target}  ${JSON.stringify(details)}${from}`
}

/** Shows one row with all of its members. */
export async function show(flags: AuditFlags, { terminal }: Setting): Promise<void> {
  const seq = countOf('<seq>', flags.seq ?? '')
  const shown = await reading(flags, terminal, async (reader) => {
    const row = showRow(await rowAt(reader, seq))
    return flags.open ? { ...row, opened: openedOf(row, await reader.openings(seq)) } : row
  })
  terminal.out.write(`${JSON.stringify(shown, undefined, 2)}\n`)
}

/** What a row commits to, by field: the value, and whether it is the one that was committed to. */
function openedOf(row: ShownRow, openings: readonly Opening[]) {
  const digests: Readonly<Record<string, unknown>> =
    'details' in row ? { ...(row.details.commitments as object | undefined) } : {}
  return Object.fromEntries(
    openings.map((opening) => [
      opening.field,
      { value: JSON.parse(opening.value), holds: opens(String(digests[opening.field]), opening) },
    ]),
  )
}

/** Ends with status 1 where something does not hold, and with 2 where it could not be looked at: that accuses nobody. */
async function judging({ terminal, finish }: Setting, holds: () => Promise<boolean>): Promise<void> {
  try {
    if (!(await holds())) finish(STATUS.failure)
  } catch (error) {
    report(error, terminal)
    finish(STATUS.usage)
  }
}

/** Checks the log, or files of it. Status 1 where it does not hold, 2 where it cannot be checked. */
export function verify(flags: AuditFlags, setting: Setting): Promise<void> {
  return judging(setting, () => verifies(flags, setting.terminal))
}

async function verifies(flags: AuditFlags, terminal: Terminal): Promise<boolean> {
  const { files = [], checkpoints: kept = [], maxUnsigned } = flags
  const keys = await trustedKeys(flags, terminal)
  const notes = (await Promise.all(kept.map(readText))).flatMap(splitNotes)
  const most = maxUnsigned === undefined ? MAX_UNSIGNED_ROWS : countOf('--max-unsigned', maxUnsigned)
  const check = async ({ start, found, checkpoints, rows }: WholeLog) => {
    const progress = createProgress(terminal, rows)
    const verdict = await verifyLog(
      found,
      { keys, checkpoints: [...notes, ...checkpoints], maxUnsignedRows: most, ...(start && { start }) },
      { onProgress: (at) => progress.show(at.rows) },
    )
    progress.end()
    return verdict
  }
  const verdict =
    files.length > 0
      ? await check(await inFiles(files))
      : await reading(flags, terminal, async (r) => check(await wholeOf(r)))
  if (!verdict.ok) {
    terminal.out.write(`row ${verdict.seq}: ${verdict.fault}\n`)
    return false
  }
  const { size } = verdict.head.frontier
  terminal.out.write(
    `holds: ${size} rows; ${verdict.signedSize} of them signed, at ${new Date(verdict.signedAtSeconds * 1000).toISOString()}\n`,
  )
  if (kept.length === 0)
    terminal.err.write('Checked against its own checkpoints. One that was kept elsewhere (--checkpoints) shows more.\n')
  return true
}

const readText = (file: string): Promise<string> => withFile(file, 'read', () => readFile(file, 'utf8'))

async function inFiles(files: readonly string[]): Promise<WholeLog> {
  const found = await Promise.all(
    files.map((file) => withFile(file, 'read', () => readRowsFile(createReadStream(file)))),
  )
  const [first] = found
  return {
    ...(first && { start: first.start }),
    found: oneAfterTheOther(found.map((one) => one.found)),
    checkpoints: [],
  }
}

/** Prints the proof of a row. */
export async function prove(flags: AuditFlags, { terminal }: Setting): Promise<void> {
  const seq = countOf('<seq>', flags.seq ?? '')
  terminal.out.write(await reading(flags, terminal, (reader) => proofOf(reader, seq)))
}

/** Checks a proof. Needs no log. Status 1 where it does not hold, 2 where it cannot be checked. */
export function checkProofFile(flags: AuditFlags, setting: Setting): Promise<void> {
  return judging(setting, () => proves(flags, setting.terminal))
}

async function proves(flags: AuditFlags, terminal: Terminal): Promise<boolean> {
  const verdict = checkProof(await readText(flags.files?.[0] ?? ''), await trustedKeys(flags, terminal))
  if (verdict.ok) {
    terminal.out.write(`holds: row ${verdict.row.seq} of ${verdict.checkpoint.log}\n${JSON.stringify(verdict.row)}\n`)
    return true
  }
  terminal.out.write(`${verdict.seq === undefined ? 'the proof' : `row ${verdict.seq}`}: ${verdict.fault}\n`)
  return false
}

/** Signs the log as it stands. */
export async function checkpoint(flags: AuditFlags, { terminal }: Setting): Promise<void> {
  const note = await writing(flags, terminal, async (store, place) => {
    const { signer } = await signingKeys(place)
    const head = await store.head()
    const made = signCheckpoint(head, Date.now() / 1000, [signer])
    await store.saveCheckpoint({ size: head.frontier.size, note: made })
    return made
  })
  terminal.out.write(note)
}

/**
 * Writes rows to a new file, the checkpoints by which they can be checked to one beside it, and a row about both to the
 * log.
 */
export async function exportRows(flags: AuditFlags, { terminal }: Setting): Promise<void> {
  const file = flags.files?.[0] ?? ''
  await writing(flags, terminal, async (store) => {
    const head = await store.head()
    const live = (await store.segments()).at(-1)?.end ?? beginLog(head.log)
    const to = flags.to === undefined ? head.frontier.size : countOf('--to', flags.to)
    const from = flags.from === undefined ? live.frontier.size : countOf('--from', flags.from)
    if (from < live.frontier.size || from >= head.frontier.size) throw vitalsError('AUDIT_ROW_UNKNOWN', { seq: from })
    if (to <= from || to > head.frontier.size)
      throw vitalsError('AUDIT_OPTION_INVALID', {
        option: '--to',
        value: String(to),
        expected: `a number from ${from + 1} to ${head.frontier.size}`,
      })
    const start = from === live.frontier.size ? live : await headAt(store, head.log, from)
    // Checkpoints of longer logs say nothing of rows that end before: a verifier would call these cut.
    const within = (await store.checkpoints({ fromSize: from })).filter(({ size }) => size <= to)
    const beside = `${file}.checkpoints`
    await toFile(file, writeRowsFile(start, store.read({ fromSeq: from, toSeq: to })))
    await toFile(beside, [within.map(({ note }) => note).join('\n')])
    await store.append([doneHere('EXPORT', '', { first: from, size: to })])
    terminal.out.write(
      `Rows ${from} to ${to - 1} are in ${file}. Check them: mcp-vitals audit verify ${file} --checkpoints ${beside}\n`,
    )
    if (within.length === 0)
      terminal.err.write('No checkpoint was signed of so many rows, so nobody can check them: export more rows.\n')
  })
}

function toFile(file: string, parts: Iterable<string> | AsyncIterable<Uint8Array>): Promise<void> {
  return withFile(file, 'made', () => pipeline(parts, createWriteStream(file, { flags: 'wx', mode: 0o600 })))
}

async function headAt(store: AuditReader, log: string, size: number): Promise<AuditHead> {
  const { rowHash } = await rowAt(store, size - 1)
  return { log, lastHash: rowHash, frontier: await frontierAt(store.tree(), size) }
}

/** Moves rows into files, and tells the log so. */
export async function archive(flags: AuditFlags, { terminal }: Setting): Promise<void> {
  const before = countOf('--before', flags.before ?? '')
  await writing(flags, terminal, async (store) => {
    const segment = await store.archive(before, flags.files?.[0] ?? '')
    if (!segment) {
      terminal.err.write(`No checkpoint covers rows below ${before} that the log still holds: nothing was moved.\n`)
      return
    }
    const { first, end, rowsFile } = segment
    await store.append([doneHere('ARCHIVE', '', { first, size: end.frontier.size })])
    terminal.out.write(`Rows ${first} to ${end.frontier.size - 1} are in ${rowsFile}.\n`)
  })
}

/** Erases what a row commits to. */
export async function erase(flags: AuditFlags, { terminal }: Setting): Promise<void> {
  const [seq, field] = [countOf('<seq>', flags.seq ?? ''), flags.field ?? '']
  await writing(flags, terminal, async (store) => {
    if ((await store.erase([{ seq, field }])) === 0) throw vitalsError('AUDIT_VALUE_UNKNOWN', { seq, field })
    await store.append([doneHere('ERASURE', '', { seq, field })])
    terminal.out.write(`What row ${seq} commits to as ${field} is erased.\n`)
  })
}

/** Lets a new key sign: a row tells of it, which the old key covers, and the next checkpoint is signed by both. */
export async function rotateKey(flags: AuditFlags, { terminal }: Setting): Promise<void> {
  await writing(flags, terminal, async (store, place) => {
    const keys = await signingKeys(place)
    const { privateFile, publicFile } = keyFiles(place.dir, place.options)
    const { pem, key } = makeKey(keys.log)
    await store.append([doneHere('KEY_ROTATED', '', { old_key: keys.signer.key.vkey, new_key: key.vkey })])
    const head = await store.head()
    const signers = [keys.signer, readSigningKey(keys.log, pem)]
    await store.saveCheckpoint({ size: head.frontier.size, note: signCheckpoint(head, Date.now() / 1000, signers) })
    await replacePrivately(publicFile, [...keys.trusted, key].map(({ vkey }) => `${vkey}\n`).join(''))
    await replacePrivately(privateFile, pem)
    terminal.out.write(`${key.vkey}\n`)
    terminal.err.write(
      'The new key signs from here on, by a daemon that runs with its next checkpoint. Give verifiers both keys.\n',
    )
  })
}

/** Makes a key. */
export async function keygen(name: string, file: string, { terminal }: Setting): Promise<void> {
  const { pem, key } = makeKey(name)
  if (!(await withFile(file, 'made', () => createPrivately(file, pem))))
    throw vitalsError('AUDIT_FILE_UNUSABLE', { file, action: 'made', reason: 'it is there already' })
  terminal.out.write(`${key.vkey}\n`)
  terminal.err.write(`The private key is in ${file}. Name it in audit.keyFile, and the log in audit.log.\n`)
}

/** A bar on a terminal; nothing where the output is read by a program. */
function createProgress({ err }: Terminal, rows: number | undefined) {
  const isShown = 'isTTY' in err && err.isTTY === true
  return {
    show(at: number) {
      if (!isShown) return
      const part = rows ? Math.min(at / rows, 1) : undefined
      const bar =
        part === undefined ? '' : `${'█'.repeat(Math.round(part * 30)).padEnd(30, '░')} ${Math.round(part * 100)} %  `
      err.write(`\r${bar}${at.toLocaleString('en')} rows`)
    },
    end() {
      if (isShown) err.write('\r\u001b[K')
    },
  }
}

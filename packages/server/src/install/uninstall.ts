import { hashOf, readBytes } from './files.js'
import { OWN_TITLE } from './install.js'
import type { FileRecord, Ledger } from './ledger.js'
import { withoutServers } from './own-config.js'
import { clientFiles, type Found, isProjectFile, type Places } from './places.js'
import { decoded, encoded, type FilePlan, type Plan, parted, planOf, present, shapeOf } from './plan.js'
import { type Change, type Former, type Rewritten, unwrapAll } from './rewrite.js'
import { isGatewayUrl } from './routing.js'

export interface UninstallOptions {
  readonly places: Places
  readonly ledger: Ledger
  /** Ids of clients; undefined: all, and with them our configuration and the login service. */
  readonly clients: readonly string[] | undefined
  readonly gatewayUrl: string
}

/** What `uninstall` would do. Files that are as we wrote them get back the bytes that they had. Writes nothing. */
export async function planUninstall(options: UninstallOptions): Promise<Plan> {
  const { places, ledger, clients } = options
  const files = await present([...clientFiles(places, clients), ...elsewhere(options)])
  const planned = []
  for (const found of files)
    planned.push(await planOf({ path: found.path, title: found.client.title }, () => clientPlan(found, options)))
  // Ours last: no client may have an address that leads nowhere.
  for (const record of clients === undefined ? ledger.records() : [])
    if (record.kind !== 'client')
      planned.push(await planOf({ path: record.path, title: OWN_TITLE }, () => ownPlan(record, ledger)))
  return parted(planned)
}

/** Files of projects in other directories, which only the ledger knows. */
function elsewhere({ places, ledger, clients }: UninstallOptions): readonly Found[] {
  return ledger
    .records()
    .filter(({ kind }) => kind === 'client')
    .flatMap(({ path }) =>
      clientFiles(places, clients)
        .filter((found) => isProjectFile(found, path, places))
        .map((found) => ({ ...found, path })),
    )
}

async function clientPlan(found: Found, { ledger, gatewayUrl }: UninstallOptions): Promise<FilePlan> {
  const { path, client } = found
  const before = (await readBytes(path))!
  const record = ledger.of(path)
  const original = record && (await ledger.original(record))
  const was = decoded(before)
  const shape = shapeOf(found)
  const former: Former | undefined = original && { text: decoded(original).text, shape }
  const isUnchanged = record?.written === hashOf(before)
  const undone = unwrapAll(was.text, shape, former, (url) => isGatewayUrl(url, gatewayUrl))
  const base = { path, title: client.title, kind: 'client' as const, before, original, left: stillWatched(undone) }
  if (original && isUnchanged) return { ...base, after: original, changes: undone.changes, notes: [] }
  const isEdited = record !== undefined && undone.changes.length > 0
  const notes = isEdited ? ['It was edited since: only the entries of mcp-vitals are undone, and the edits stay.'] : []
  return { ...base, after: encoded(was, undone.text), changes: undone.changes, notes }
}

function stillWatched({ left }: Rewritten): Rewritten['left'] {
  return left.filter(({ state }) => state === 'watched')
}

async function ownPlan(record: FileRecord, ledger: Ledger): Promise<FilePlan> {
  const { path, kind, added } = record
  const before = await readBytes(path)
  const original = await ledger.original(record)
  const base = { path, title: OWN_TITLE, kind, before, original, left: [] }
  if (before === undefined) return { ...base, after: undefined, changes: [], notes: [] }
  if (record.written === hashOf(before) || kind === 'service')
    return { ...base, after: original, changes: removed(added), notes: [] }
  const was = decoded(before)
  const after = encoded(was, withoutServers(was.text, added))
  return { ...base, after, changes: removed(added), notes: ['It was edited since: the edits stay.'] }
}

function removed(added: Readonly<Record<string, string>>): readonly Change[] {
  return Object.entries(added).map(([name, url]) => ({ name, path: ['servers', name], before: [url], after: [] }))
}

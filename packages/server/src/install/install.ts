import { hashOf, readBytes } from './files.js'
import type { Ledger } from './ledger.js'
import { type OwnServer, ownServers, withoutServers, withServers } from './own-config.js'
import { clientFiles, ownConfigPath, type Places } from './places.js'
import {
  decoded,
  encoded,
  type FilePlan,
  isProblem,
  originalOf,
  type Plan,
  parted,
  planOf,
  present,
  shapeOf,
} from './plan.js'
import { unwrapAll, wrapAll } from './rewrite.js'
import { createRouting, isGatewayUrl, type Routing } from './routing.js'
import type { Wrapper } from './wrapping.js'

export interface InstallOptions {
  readonly places: Places
  readonly wrapper: Wrapper
  readonly ledger: Ledger
  /** Ids of clients; undefined: all. */
  readonly clients: readonly string[] | undefined
  /** Whether the files of the project in the working directory are taken too. */
  readonly withProject: boolean
  /** Whether servers with an address go through the gateway. */
  readonly withHttp: boolean
  /** Base address of the daemon’s gateway, e.g. `http://127.0.0.1:9464`. */
  readonly gatewayUrl: string
  /** Whether our configuration is written although no server of it is needed: the login service names it. */
  readonly withConfig: boolean
}

/** What `install` would do, and which files of the project it passed over. Reads; writes nothing. */
export async function planInstall(options: InstallOptions): Promise<Plan & { readonly passedOver: readonly string[] }> {
  const { places, ledger, clients, withProject, withHttp, gatewayUrl } = options
  const files = await present(clientFiles(places, clients))
  const path = ownConfigPath(places)
  const bytes = await readBytes(path)
  const text = bytes && decoded(bytes).text
  const known = await planOf({ path, title: OWN_TITLE }, async () => ownServers(text))
  if (isProblem(known)) return { files: [], problems: [known], passedOver: [] }
  const routing = createRouting({ withHttp, gatewayUrl, known })
  const planned = []
  const passedOver: string[] = []
  for (const found of files) {
    if (found.file.scope === 'project' && !withProject) passedOver.push(found.path)
    else
      planned.push(
        await planOf({ path: found.path, title: found.client.title }, () => clientPlan(found, routing, options)),
      )
  }
  const own = await planOf({ path, title: OWN_TITLE }, () => ownPlan(path, bytes, routing, ledger, options.withConfig))
  // Ours first: an address that a client has must lead somewhere.
  return { ...parted([own, ...planned]), passedOver }
}

export const OWN_TITLE = 'mcp-vitals'

async function clientPlan(
  found: Awaited<ReturnType<typeof present>>[number],
  routing: Routing,
  { wrapper, ledger, gatewayUrl }: InstallOptions,
): Promise<FilePlan> {
  const before = (await readBytes(found.path))!
  const was = decoded(before)
  const shape = shapeOf(found)
  const { text, changes, left } = wrapAll(was.text, shape, wrapper, routing.of(found.client))
  const original = await originalOf(found.path, before, ledger, () => {
    const isOurs = (url: string) => isGatewayUrl(url, gatewayUrl)
    return unwrapAll(was.text, shape, undefined, isOurs).text
  })
  const notes = found.file.scope === 'project' ? [PROJECT_NOTE] : []
  const { path, client } = found
  const after = encoded(was, text)
  return { path, title: client.title, kind: 'client', before, after, original, changes, left, notes }
}

const PROJECT_NOTE = 'Paths of this machine come into this file: do not hand it on, with version control for example.'

async function ownPlan(
  path: string,
  before: Buffer | undefined,
  routing: Routing,
  ledger: Ledger,
  withConfig: boolean,
): Promise<FilePlan> {
  const servers = routing.added()
  const record = ledger.of(path)
  const added = { ...record?.added, ...urlsOf(servers) }
  const was = before && decoded(before)
  const isNeeded = servers.size > 0 || (withConfig && before === undefined)
  const after = isNeeded ? encoded(was ?? { mark: '', text: '' }, withServers(was?.text, servers)) : before
  const isOurs = before !== undefined && record?.written === hashOf(before)
  const wasNone = before === undefined || (isOurs && record.original === null)
  const original = wasNone
    ? undefined
    : await originalOf(path, before, ledger, () => withoutServers(was!.text, record?.added ?? {}))
  const changes = [...servers].map(([name, { url }]) => ({ name, path: ['servers', name], before: [], after: [url] }))
  return { path, title: OWN_TITLE, kind: 'config', before, after, original, added, changes, left: [], notes: [] }
}

function urlsOf(servers: ReadonlyMap<string, OwnServer>): Readonly<Record<string, string>> {
  return Object.fromEntries([...servers].map(([name, { url }]) => [name, url]))
}

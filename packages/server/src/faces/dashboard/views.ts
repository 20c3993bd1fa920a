import type { HistoryBook } from '../../history/index.js'
import type { Store } from '../../store/index.js'
import { document, documentText, problem } from './answers.js'
import type { SettingRow } from './api-views.js'
import { type Asked, askedOf, timeIn } from './asked.js'
import type { ChangesSetup } from './changes.js'
import { createSharedBy } from './shared.js'
import type { TablesSetup } from './tables.js'

export interface ViewsSetup extends TablesSetup {
  readonly store: Pick<Store, 'read'>
  readonly history: Pick<HistoryBook, 'incidents'>
  readonly startedAt: number
  readonly settings: () => Promise<{ readonly file?: string; readonly settings: readonly SettingRow[] }>
  /** Monotonic, milliseconds. */
  readonly clock: () => number
}

type Handler = (request: Request) => Promise<Response>
type Name = 'dashServers' | 'dashTools' | 'dashTool' | 'dashSessions' | 'dashSession' | 'dashChanges' | 'dashSettings'

/** How old a table may be, so that many who look cost as little as one. Milliseconds. */
const FRESH_MS = 1000
const TOOL_PATH = /\/tools\/([^/]+)\/([^/]+)$/
const SESSION_PATH = /\/sessions\/([^/]+)$/

/** What makes documents, loaded when the first is asked for: a daemon that nobody looks at needs none of it. */
export const documents = () => import('./documents.js')
type Documents = Awaited<ReturnType<typeof documents>>

/** The tables and single things of the dashboard. */
export function createViews(setup: ViewsSetup): Readonly<Record<Name, Handler>> {
  const { now, clock } = setup
  const texts = createSharedBy<string>(FRESH_MS, clock)
  const changes: ChangesSetup = setup

  /** Reads what is asked for; what was made a moment ago of the same is given again. */
  const table =
    (make: (documents: Documents, asked: Asked) => object | Promise<object>): Handler =>
    async (request) => {
      const asked = askedOf(request, now())
      if (typeof asked === 'string') return problem(400, asked)
      const text = await texts(request.url, async () => JSON.stringify(await make(await documents(), asked)))
      return documentText(text)
    }

  return {
    dashServers: table(({ serversOf }, asked) => serversOf(setup, asked)),
    dashTools: table(({ toolsOf }, asked) => toolsOf(setup, asked)),
    async dashTool(request) {
      const asked = askedOf(request, now())
      if (typeof asked === 'string') return problem(400, asked)
      const [server, tool] = namesIn(request, TOOL_PATH)
      if (server === undefined || tool === undefined) return problem(400, 'The path has no names in it.')
      const { toolOf } = await documents()
      const found = await toolOf(setup, { ...asked, server, tool })
      return found ? document(found) : problem(404, 'There is no such tool: nobody has called or listed it.')
    },
    dashSessions: async (request) => {
      const before = timeIn(new URL(request.url).searchParams, 'before')
      if (typeof before === 'string') return problem(400, before)
      return table(({ sessionsOf }, asked) => sessionsOf(setup, asked, before))(request)
    },
    async dashSession(request) {
      const { sessionOf } = await documents()
      const [session] = namesIn(request, SESSION_PATH)
      const found = session === undefined || session.length > 64 ? undefined : await sessionOf(setup, session)
      return found ? document(found) : problem(404, 'There is no such session.')
    },
    dashChanges: table(async ({ changesOf }, asked) => ({
      version: 1,
      at: now(),
      changes: await changesOf(changes, asked),
    })),
    dashSettings: async () => document({ version: 1, at: now(), ...(await setup.settings()) }),
  }
}

/** The parts of a path that a pattern marks, without their escapes; none where they have wrong ones. */
function namesIn({ url }: Request, pattern: RegExp): readonly string[] {
  try {
    return (pattern.exec(new URL(url).pathname) ?? []).slice(1).map(decodeURIComponent)
  } catch {
    return []
  }
}

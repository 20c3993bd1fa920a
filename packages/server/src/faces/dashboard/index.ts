import type { Access } from '../../access/index.js'
import { documentText } from './answers.js'
import type { DashboardDocument } from './api.js'
import { createFilesFace } from './files.js'
import { type OverviewSetup, overviewOf } from './overview.js'
import { createSessionFace, type Who } from './session.js'
import { createShared } from './shared.js'
import { createStreamFace, type Snapshot } from './stream.js'
import { createViews, documents, type ViewsSetup } from './views.js'

export type { SettingRow } from './api-views.js'

export interface DashboardSetup extends Omit<OverviewSetup, 'changes'>, ViewsSetup {
  readonly access: Access
  readonly hasAdminToken: () => boolean
  readonly ownerTokenFile: string
  /** Where the page was built to. */
  readonly folder: string
}

type Handler = (request: Request, who: Who) => Promise<Response>

/** The routes of the dashboard. */
export interface DashboardFace {
  readonly handlers: Readonly<Record<Name, Handler>>
  /** Ends the streams. */
  close(): void
}

type Name =
  | 'session'
  | 'login'
  | 'logout'
  | 'dashboard'
  | 'dashboardView'
  | 'dashboardAsset'
  | 'dashboardData'
  | 'dashboardStream'
  | keyof ReturnType<typeof createViews>

/** How old the overview may be, so that many who look cost as little as one. Milliseconds. */
const FRESH_MS = 900
/** How old what it says of changes may be: they are read from the disk. Milliseconds. */
const CHANGES_FRESH_MS = 10_000
const DAY_MS = 86_400_000

/** The dashboard: its page, its documents, and who may see them. */
export function createDashboardFace(setup: DashboardSetup): DashboardFace {
  const { access, folder, now, clock } = setup
  const lately = async () => (await documents()).changesOf(setup, { from: now() - DAY_MS, to: now() })
  const changes = createShared(lately, CHANGES_FRESH_MS, clock)
  const overview = createShared(async () => snapshotOf(await overviewOf({ ...setup, changes })), FRESH_MS, clock)
  const stream = createStreamFace({
    snapshot: overview,
    mayRead: (key) => key === undefined || access.isOpen(key),
  })
  const files = createFilesFace(folder)
  return {
    handlers: {
      ...createViews(setup),
      ...createSessionFace({ ...setup, onEnd: stream.sweep }),
      dashboardAsset: files.asset,
      dashboard: files.page,
      dashboardView: files.page,
      dashboardData: async () => documentText((await overview()).text),
      dashboardStream: (request, { visit }) => stream.open(request.method === 'HEAD', visit?.id),
    },
    close: stream.close,
  }
}

/** What changes by the clock alone is no change. */
function snapshotOf(made: DashboardDocument): Snapshot {
  const { at: _, product: __, traffic, capacity, ...rest } = made
  const { windowSeconds: ___, requestsPerSecond: ____, toolCallsPerSecond: _____, ...counts } = traffic
  const essence = JSON.stringify({ ...rest, counts, depth: capacity.queueDepth })
  return { text: JSON.stringify(made), essence }
}

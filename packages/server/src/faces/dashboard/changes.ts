import type { EventOf } from '@mcp-vitals/instrument/event'
import type { HistoryBook } from '../../history/index.js'
import type { Store } from '../../store/index.js'
import type { ChangeMark } from './api.js'

export interface ChangesSetup {
  readonly store: Pick<Store, 'read'>
  readonly history: Pick<HistoryBook, 'incidents'>
  /** When this daemon started, milliseconds since 1970. */
  readonly startedAt: number
}

export const MAX_CHANGES = 500
/** Openings of sessions that are looked at for other versions. */
const LOOKED_AT = 2000

/** What changed in a time, the newest first. */
export async function changesOf(
  { store, history, startedAt }: ChangesSetup,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<readonly ChangeMark[]> {
  const span = { since: from, until: to + 1 }
  const [events, opened, incidents] = await Promise.all([
    store.read({ type: 'security', ...span, limit: LOOKED_AT }),
    store.read({ type: 'session.opened', ...span, limit: LOOKED_AT }),
    history.incidents({ ...span, offset: 0, limit: MAX_CHANGES }),
  ])
  const marks: readonly ChangeMark[] = [
    ...(startedAt >= from && startedAt <= to
      ? [{ at: startedAt, kind: 'started', title: 'mcp-vitals started' } as const]
      : []),
    ...(events as readonly EventOf<'security'>[]).flatMap(toldOf),
    ...deploysIn(opened as readonly EventOf<'session.opened'>[]),
    ...incidents.incidents.map(
      ({ began, ended, component, server, cause }): ChangeMark => ({
        at: began,
        ...(ended !== undefined && { until: ended }),
        kind: 'incident',
        title: `${component}: ${cause}`,
        component,
        ...(server !== undefined && { server }),
      }),
    ),
  ]
  return [...marks].sort((one, other) => other.at - one.at).slice(0, MAX_CHANGES)
}

function toldOf({ kind, at, server }: EventOf<'security'>): readonly ChangeMark[] {
  if (kind === 'CONFIG_CHANGED') return [{ at, kind: 'config', title: 'The configuration changed' }]
  if (kind === 'TOOL_DEFINITION_CHANGED') return [{ at, kind: 'tools', title: `${server} offers other tools`, server }]
  return []
}

/** Where another version of a server answered than before. */
function deploysIn(opened: readonly EventOf<'session.opened'>[]): readonly ChangeMark[] {
  const versions = new Map<string, string>()
  return [...opened].reverse().flatMap(({ at, server, serverVersion }): ChangeMark[] => {
    if (serverVersion === undefined) return []
    const before = versions.get(server)
    versions.set(server, serverVersion)
    if (before === undefined || before === serverVersion) return []
    return [{ at, kind: 'deploy', title: `${server} ${before} → ${serverVersion}`, server }]
  })
}

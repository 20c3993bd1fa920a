import { HEALTH } from '@mcp-vitals/instrument/event'
import type { HistoryRows, IncidentRow } from '../store/index.js'
import type { Health, HistoryChanges, HistoryKept, Incident } from './contract.js'

/** What changed, as the store keeps it. */
export function rowsOf({ incidents, ...changes }: HistoryChanges): HistoryRows {
  return {
    ...changes,
    incidents: incidents.map(({ id, component, began, ended, ...rest }) => ({
      ...{ id, component, began, body: JSON.stringify(rest) },
      ...(ended !== undefined && { ended }),
    })),
  }
}

/** What the store kept. */
export function keptOf({ components, days, incidents }: HistoryRows): HistoryKept {
  return {
    components: components.map((one) => ({ ...one, status: healthOf(one.status) })),
    days,
    incidents: incidents.map(incidentOf),
  }
}

export function incidentOf({ body, ...found }: IncidentRow): Incident {
  return { ...(JSON.parse(body) as Omit<Incident, keyof IncidentRow>), ...found }
}

function healthOf(text: string): Health {
  return HEALTH.find((one) => one === text) ?? 'unknown'
}

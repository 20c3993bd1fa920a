import type { HistoryStore, IncidentQuery } from '../store/index.js'
import { dayOf, type HistoryDay, type Incident } from './contract.js'
import { incidentOf } from './rows.js'
import { type ComponentHistory, summarize } from './summary.js'

export interface IncidentList {
  readonly incidents: readonly Incident[]
  /** How many there are in all. */
  readonly total: number
}

/** What can be read of the history. Every promise rejects with STORE_FAILED. */
export interface HistoryBook {
  /** How many days are kept. */
  days(): number
  /** The history of these components, in their order. */
  components(names: readonly string[]): Promise<readonly ComponentHistory[]>
  /** Times of all components that there were over the last so many days, of which today is one. */
  times(lookBackDays: number): Promise<ReadonlyMap<string, WatchedTimes>>
  incidents(query: IncidentQuery): Promise<IncidentList>
}

/** Milliseconds. */
export type WatchedTimes = Pick<HistoryDay, 'watchedMs' | 'unhealthyMs'>

export interface HistoryBookSetup {
  readonly store: Pick<HistoryStore, 'days' | 'times' | 'incidents'>
  readonly days: () => number
  /** Name of a component → its name in the store. */
  readonly keyOf: (name: string) => string
  /** Resolves when everything up to now lies in the store. */
  readonly settle: () => Promise<void>
  /** Another number after each beginning and end of an incident: no answer from before it is given. */
  readonly edition: () => number
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** How old an answer may be, so that many readers cost as little as one. Milliseconds. */
const FRESH_MS = 5_000
/** Most answers that are remembered. */
const MAX_ANSWERS = 256

export function createHistoryBook({ store, days, keyOf, settle, edition, now }: HistoryBookSetup): HistoryBook {
  const answers = new Map<
    string,
    { readonly at: number; readonly edition: number; readonly answer: Promise<unknown> }
  >()

  /** Asks once for all who ask the same within a short time. */
  function shared<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const at = now()
    const found = answers.get(key)
    if (found?.edition === edition() && at >= found.at && at - found.at < FRESH_MS) return found.answer as Promise<T>
    const answer = settle().then(ask)
    answers.delete(key)
    answers.set(key, { at, edition: edition(), answer })
    answer.catch(() => answers.delete(key))
    if (answers.size > MAX_ANSWERS) answers.delete(answers.keys().next().value!)
    return answer
  }

  return {
    days,
    components: (names) =>
      shared(JSON.stringify(['components', names]), async () => {
        const today = dayOf(now())
        const found = await store.days({ components: names.map(keyOf), firstDay: today - days() + 1 })
        const byComponent = new Map<string, HistoryDay[]>(names.map((name) => [keyOf(name), []]))
        for (const row of found) byComponent.get(row.component)?.push(row)
        return names.map((name) => summarize(name, byComponent.get(keyOf(name)) ?? [], today, days()))
      }),
    times: (lookBackDays) =>
      shared(`times ${lookBackDays}`, async () => {
        const found = await store.times(dayOf(now()) - lookBackDays + 1)
        return new Map(found.map(({ component, ...times }) => [component, times]))
      }),
    incidents: ({ component, ...query }) =>
      shared(JSON.stringify(['incidents', component, query]), async () => {
        const { incidents, total } = await store.incidents({
          ...query,
          ...(component !== undefined && { component: keyOf(component) }),
        })
        return { incidents: incidents.map(incidentOf), total }
      }),
  }
}

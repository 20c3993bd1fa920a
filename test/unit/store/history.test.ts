import { expect, test } from 'vitest'
import type { HistoryDay, HistoryRows } from '../../../packages/server/src/store/index.js'
import { call, entries, tempDir, testStore } from './support.js'

const TODAY = 20_000
const NOW = TODAY * 86_400_000

function day(component: string, when: number, changes: Partial<HistoryDay> = {}): HistoryDay {
  return {
    ...{ component, day: when, watchedMs: 10, degradedMs: 0, unhealthyMs: 1, maintenanceMs: 0, checks: 2, failures: 1 },
    ...{ latencies: '1:2', calls: 0, callFailures: 0, callLatencies: '', ...changes },
  }
}
const incident = (id: string, began: number, ended?: number, component = 'site') => ({
  ...{ id, component, began, body: `{"id":"${id}"}` },
  ...(ended !== undefined && { ended }),
})
const rows = (changes: Partial<HistoryRows>): HistoryRows => ({ components: [], days: [], incidents: [], ...changes })

test('rows take the place of those before, are there after a restart, and go when they are old', async () => {
  const dir = tempDir()
  const { store } = await testStore(dir)
  const component = { name: 'site', status: 'healthy', creditedAt: NOW, probedAt: NOW - 5 }
  await store.history.keep(
    rows({
      components: [
        { ...component, status: 'unhealthy' },
        { ...component, name: 'gone', creditedAt: NOW - 1e10 },
      ],
      days: [day('site', TODAY), day('site', TODAY - 1), day('site', TODAY - 90), day('notes', TODAY - 1)],
      incidents: [incident('a', NOW - 9e9, NOW - 9e9 + 1), incident('b', NOW - 1000), incident('c', NOW - 9e9)],
    }),
  )
  await store.history.keep(
    rows({
      ...{ components: [component], days: [day('site', TODAY, { checks: 3 })], firstDay: TODAY - 89 },
      incidents: [incident('b', NOW - 1000, NOW)],
    }),
  )
  await store.close()
  const { store: again } = await testStore(dir)
  expect(await again.history.kept()).toEqual({
    components: [component],
    days: expect.arrayContaining([day('site', TODAY, { checks: 3 }), day('notes', TODAY - 1)]),
    incidents: [incident('c', NOW - 9e9)],
  })
  expect(await again.history.days({ firstDay: 0 })).toHaveLength(3)
  expect(await again.history.days({ components: ['site'], firstDay: TODAY })).toEqual([
    day('site', TODAY, { checks: 3 }),
  ])
  expect(await again.history.times(TODAY - 1)).toEqual([
    { component: 'notes', watchedMs: 10, unhealthyMs: 1 },
    { component: 'site', watchedMs: 20, unhealthyMs: 2 },
  ])
  const { incidents } = await again.history.incidents({ offset: 0, limit: 10 })
  expect(incidents.map(({ id }) => id)).toEqual(['b', 'c'])
})

test('incidents are found by component and by the time in which they went on, page by page', async () => {
  const { store } = await testStore(tempDir())
  const all = [
    incident('a', 100, 200),
    incident('b', 150, 300, "it's"),
    incident('c', 400),
    ...Array.from({ length: 5 }, (_, index) => incident(`d${index}`, 500 + index, 600)),
  ]
  await store.history.keep(rows({ incidents: all }))
  const found = async (query: object) => {
    const page = await store.history.incidents({ offset: 0, limit: 500, ...query })
    return [page.incidents.map(({ id }) => id).join(' '), page.total]
  }
  expect(await found({ component: "it's" })).toEqual(['b', 1])
  expect(await found({ since: 200, until: 400 })).toEqual(['b a', 2])
  expect(await found({ since: 601 })).toEqual(['c', 1])
  expect(await found({ offset: 1, limit: 2 })).toEqual(['d3 d2', 8])
  expect(await found({ limit: 1e9, offset: 7 })).toEqual(['a', 8])
})

test('events that were sent here are told apart from our own', async () => {
  const { store } = await testStore(tempDir())
  await store.append(entries([call(1)]))
  await store.appendStream('other', [{ seq: 1, event: call(2) }])
  expect(await store.read()).toHaveLength(2)
  const own = await store.read({ type: 'request.ended', isOwn: true })
  expect(own.map((event) => 'operation' in event && event.operation)).toEqual(['op-1'])
})

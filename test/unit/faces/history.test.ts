/** The status page, its feeds, badges and API: what they show, to whom, and that names of others stay text. */
import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { createHistoryFace } from '../../../packages/server/src/faces/history/index.js'
import { createBadges, createFeeds, createOverview } from '../../../packages/server/src/faces/status/index.js'
import { statusOptions } from '../../../packages/server/src/faces/status/options.js'
import type { HistoryDay, Incident } from '../../../packages/server/src/history/contract.js'
import { createHistoryBook } from '../../../packages/server/src/history/index.js'
import { rowsOf } from '../../../packages/server/src/history/rows.js'
import type { SystemReport } from '../../../packages/server/src/monitor/index.js'
import { promises } from '../../requirements.js'

const NOW = Date.parse('2026-11-29T12:00:00Z')
const TODAY = Math.floor(NOW / 86_400_000)
const HOSTILE = '"/><script>alert(1)</script>&\u0001'
const CAUSE = 'connection refused (ECONNREFUSED) <10.1.2.3>'

const components: SystemReport['components'] = [
  { name: 'site', type: 'http', status: 'healthy', reasons: [], failures: 0, latencyMs: 12 },
  { name: HOSTILE, type: 'mcp', status: 'unhealthy', reasons: [CAUSE], failures: 3 },
]
const system = (): SystemReport => ({ colour: 'RED', reasons: [`${HOSTILE} is unhealthy: ${CAUSE}`], components })

function dayOf(component: string, back: number, unhealthyMs: number): HistoryDay {
  return {
    ...{ component, day: TODAY - back, watchedMs: 86_400_000, degradedMs: 0, unhealthyMs, maintenanceMs: 0 },
    ...{ checks: 10, failures: 1, latencies: '100:9', calls: 4, callFailures: 1, callLatencies: '120:4' },
  }
}
const rows = [dayOf('site', 0, 0), dayOf('site', 1, 864_000), dayOf('site', 2, 0), dayOf(HOSTILE, 0, 43_200_000)]

const over: Incident = {
  ...{ id: 'aaaaaaaaaaaaaaaa', component: 'site', began: NOW - 7_200_000, ended: NOW - 3_600_000, reason: 'status' },
  ...{ cause: CAUSE, unwatchedMs: 600_000, doneBeyond: 0 },
  done: [{ at: NOW - 7_000_000, what: 'remediation', rule: 'secret-rule', action: 'command', outcome: 'verified' }],
}
const open: Incident = {
  ...{ id: 'bbbbbbbbbbbbbbbb', component: HOSTILE, began: NOW - 60_000, reason: 'timeout', cause: CAUSE },
  ...{ unwatchedMs: 0, done: [], doneBeyond: 0 },
}

function standing(options: object = {}, all: readonly Incident[] = [open, over]) {
  const book = createHistoryBook({
    store: {
      days: async ({ components: wanted = [] }) => rows.filter(({ component }) => wanted.includes(component)),
      times: async () =>
        rows.map(({ component, watchedMs, unhealthyMs }) => ({ component, watchedMs, unhealthyMs })).slice(-2),
      incidents: async ({ offset, limit }) => ({
        incidents: rowsOf({ components: [], days: [], incidents: all.slice(offset, offset + limit) }).incidents,
        total: all.length,
      }),
    },
    ...{ days: () => 90, keyOf: (name: string) => name, settle: async () => {}, edition: () => 0, now: () => NOW },
  })
  return { options: () => statusOptions.parse(options), system, book, now: () => NOW }
}
const get = (path: string, headers: Record<string, string> = {}) =>
  new Request(`http://127.0.0.1:9464${path}`, { headers })

/** What an XML parser of another's making reads: names and texts of all elements, in their order. */
function parsed(xml: string): readonly (readonly [tag: string, text: string])[] {
  const program =
    'import sys,json,xml.etree.ElementTree as e;print(json.dumps([[x.tag,x.text or ""] for x in e.fromstring(sys.stdin.buffer.read()).iter()]))'
  const { stdout, stderr } = spawnSync('python3', ['-c', program], { input: xml, encoding: 'utf8' })
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout)
}

describe('the page', () => {
  test(`shows each component with its days, incidents and percentiles, and asks for nothing. ${promises('C12.watched.latency')}`, async () => {
    const answer = await createOverview(standing({ title: '<Tools>' }), () => false)(get('/status'))
    const text = await answer.text()
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(text).not.toMatch(/<script|<img|src=/)
    expect(text).toContain('<h1>&lt;Tools&gt;</h1>')
    expect(text).toContain(`&lt;script&gt;alert(1)`)
    expect(text).toContain('connection refused (ECONNREFUSED)')
    expect(text).toContain('aria-label="site, 90 days: some trouble on 1, no trouble on 2, not watched on 87"')
    expect(text).toMatch(/<title>2026-11-28: some trouble, unhealthy 14 min, 99 % up<\/title>/)
    expect(text).toMatch(/<title>2026-09-01 to 2026-11-26: not watched<\/title>/)
    expect(text).toMatch(/2026-11-29 10:00 to 2026-11-29 11:00, 60 min, of which 10 min not watched/)
    expect(text).toContain('remediation secret-rule, command: verified')
    expect(text).toMatch(/<th scope="row">site(<td class="n">[\d.]+ ms){3}<td class="n">12<td class="n">25 %/)
    expect(text).toContain('UTC')
  })

  test('tells everybody nothing of causes, times, tools and what was done', async () => {
    const text = await (await createOverview(standing(), () => true)(get('/status'))).text()
    expect(text).toContain('<b class="red">RED</b>')
    expect(text).toContain('1 of 2 components are not healthy')
    expect(text).toMatch(/<rect class="bad"/)
    expect(text).not.toMatch(/refused|10\.1\.2\.3|secret-rule|Latency|\d ms/)
  })

  test('shows so many components at a time', async () => {
    const many = Array.from({ length: 101 }, (_, index) => ({ ...components[0]!, name: `c${index}` }))
    const of = { ...standing(), system: () => ({ ...system(), components: many }) }
    const sections = async (path: string) =>
      (await (await createOverview(of, () => false)(get(path))).text()).match(/<section/g)?.length
    expect([await sections('/status'), await sections('/status?page=2'), await sections('/status?page=x')]).toEqual([
      100, 1, 100,
    ])
  })
})

describe('feeds', () => {
  test('RSS is well-formed, with one item for each beginning and each end, and ids that stay', async () => {
    const feeds = createFeeds(standing({ title: 'A & B' }))
    const answer = await feeds.rss(get('/status/feed.rss'))
    expect(answer.headers.get('content-type')).toMatch(/^application\/rss\+xml/)
    const found = parsed(await answer.text())
    const texts = (tag: string) => found.filter(([name]) => name === tag).map(([, text]) => text)
    expect(texts('guid')).toEqual(['bbbbbbbbbbbbbbbb-began', 'aaaaaaaaaaaaaaaa-over', 'aaaaaaaaaaaaaaaa-began'])
    expect(texts('title')).toEqual([
      ...['A & B', `${HOSTILE.replace('\u0001', '')} is unhealthy`, 'site: over', 'site is unhealthy'],
    ])
    expect(texts('link').slice(0, 2)).toEqual([
      ...['http://127.0.0.1:9464/status', 'http://127.0.0.1:9464/status#incident-bbbbbbbbbbbbbbbb'],
    ])
    expect(texts('pubDate')[0]).toBe('Sun, 29 Nov 2026 11:59:00 GMT')
    expect(texts('description')[2]).toContain(CAUSE)
    // It ends: what was told before keeps its id.
    const later = createFeeds(standing({}, [{ ...open, ended: NOW }, over]))
    expect(parsed(await (await later.rss(get('/status/feed.rss'))).text()).map(([, text]) => text)).toEqual(
      expect.arrayContaining(['bbbbbbbbbbbbbbbb-began', 'bbbbbbbbbbbbbbbb-over']),
    )
  })

  test('JSON Feed 1.1 has what it must have, and the address that its readers know', async () => {
    const answer = await createFeeds(standing({ url: 'https://status.example.com/status', public: true })).json(
      get('/status/feed.json'),
    )
    expect(answer.headers.get('content-type')).toMatch(/^application\/feed\+json/)
    const feed = (await answer.json()) as { readonly items: readonly Record<string, string>[] }
    expect(feed).toMatchObject({
      ...{ version: 'https://jsonfeed.org/version/1.1', title: 'Status' },
      ...{ home_page_url: 'https://status.example.com/status' },
      feed_url: 'https://status.example.com/status/feed.json',
    })
    expect(feed.items.map(({ id }) => id)).toHaveLength(3)
    expect(feed.items[0]).toMatchObject({ date_published: '2026-11-29T11:59:00.000Z' })
    expect(JSON.stringify(feed)).not.toContain('refused')
  })

  test('what did not change is not sent again', async () => {
    const feeds = createFeeds(standing({ public: true }))
    const first = await feeds.json(get('/status/feed.json'))
    const etag = first.headers.get('etag')!
    expect(first.headers.get('cache-control')).toBe('public, max-age=60')
    const again = await feeds.json(get('/status/feed.json', { 'if-none-match': `"x", W/${etag}` }))
    expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag])
    const changed = createFeeds(standing({}, [over]))
    expect((await changed.json(get('/status/feed.json', { 'if-none-match': etag }))).status).toBe(200)
  })
})

describe('badges', () => {
  const badges = createBadges(standing({ public: true }))
  const words = async (answer: Response) => {
    expect(answer.headers.get('content-type')).toMatch(/^image\/svg\+xml/)
    expect(answer.headers.get('cache-control')).toContain('max-age')
    const found = parsed(await answer.text())
    return [answer.status, ...found.filter(([tag]) => tag.endsWith('}text')).map(([, text]) => text)]
  }

  test('tell how the whole is, and each component, by any name', async () => {
    expect(await words(await badges.whole(get('/status/badge.svg')))).toEqual([200, 'status', 'red'])
    expect(await words(await badges.ofComponent(get('/status/badge/site.svg')))).toEqual([200, 'site', 'healthy'])
    const hostile = await badges.ofComponent(get(`/status/badge/${encodeURIComponent(HOSTILE)}.svg`))
    expect(await words(hostile)).toEqual([200, HOSTILE.replace('\u0001', ''), 'unhealthy'])
  })

  test('tell the share of 30 days in which all, or one, were up', async () => {
    // Two rows of a day each: one without trouble, one half.
    expect(await words(await badges.uptime(get('/status/uptime.svg')))).toEqual([200, 'uptime', '75 %'])
    const one = await badges.uptimeOfComponent(get('/status/badge/site/uptime.svg'))
    expect(await words(one)).toEqual([200, 'site uptime', '100 %'])
  })

  test.each(['nobody.svg', 'site', '%E0%A4%A.svg', 'nobody/uptime.svg'])(
    '%s is none, which is a badge too',
    async (path) => {
      const asked = get(`/status/badge/${path}`)
      const answer = await (path.endsWith('/uptime.svg') ? badges.uptimeOfComponent(asked) : badges.ofComponent(asked))
      expect(await words(answer)).toEqual([404, 'status', 'not found'])
    },
  )
})

describe('the API', () => {
  const face = createHistoryFace(standing())

  test('gives components with their days', async () => {
    const found = await (await face.components(get('/api/health/components?component=site&days=2'))).json()
    expect(found).toMatchObject({
      ...{ timeZone: 'UTC', system: { colour: 'RED' }, page: 1, pages: 1, total: 1 },
      components: [
        {
          ...{ name: 'site', status: 'healthy', uptime: { 1: 1, 90: expect.closeTo(1 - 0.01 / 3) } },
          calls: { count: 12, failures: 3, errorRatio: 0.25 },
          days: [
            { date: '2026-11-28', colour: 'some', upSeconds: 85_536, unhealthySeconds: 864, checks: 10, failures: 1 },
            { date: '2026-11-29', colour: 'good', latency: { p50Ms: expect.any(Number) } },
          ],
        },
      ],
    })
  })

  test('gives incidents with times in words of machines', async () => {
    const { incidents } = (await (await face.incidents(get('/api/health/incidents'))).json()) as {
      incidents: unknown[]
    }
    expect(incidents).toMatchObject([
      { id: open.id, ended: null, durationSeconds: 60, reason: 'timeout', cause: CAUSE },
      {
        began: '2026-11-29T10:00:00.000Z',
        durationSeconds: 3600,
        unwatchedSeconds: 600,
        done: [{ rule: 'secret-rule' }],
      },
    ])
  })

  test.each([
    ['incidents', 'since=soon', /since is "soon"; expected: a time, such as 2026/],
    ['incidents', 'page=0', /page is "0"; expected: a number from 1/],
    ['incidents', 'sort=up', /There is no parameter "sort"\. There are: component, since/],
    ['components', 'days=91', /days is "91"; expected: a number from 1 to 90/],
  ] as const)('%s?%s is refused, with what is right', async (name, query, words) => {
    const answer = await face[name](get(`/api/health/${name}?${query}`))
    expect([answer.status, ((await answer.json()) as { error: string }).error]).toEqual([
      400,
      expect.stringMatching(words),
    ])
  })
})

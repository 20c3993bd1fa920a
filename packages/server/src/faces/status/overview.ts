import { html } from 'hono/html'
import type { CallsReport, ComponentHistory, Deed, Incident, Percentiles } from '../../history/index.js'
import type { ComponentReport, SystemReport } from '../../monitor/index.js'
import { BARS_STYLE, dayBars } from './bars.js'
import { duration, milliseconds, moment, percent } from './format.js'
import { pageOf } from './shell.js'
import { COLOUR_WORDS, lengthOf, type Standing } from './standing.js'

/** Components of one page, and incidents of each. */
const PAGE_COMPONENTS = 100
const SHOWN_INCIDENTS = 50

/**
 * `GET /status` and `GET /status/full`: how everything is and was, day by day, and the incidents. `part` takes one of
 * several pages (`?page=2`). `isPublic`: without reasons, times of answers, and what was done.
 */
export function createOverview(standing: Standing, isPublic: () => boolean): (request: Request) => Promise<Response> {
  return async (request) => {
    const { title } = standing.options()
    const system = standing.system()
    const pages = Math.max(1, Math.ceil(system.components.length / PAGE_COMPONENTS))
    const asked = Number(new URL(request.url).searchParams.get('page') ?? 1)
    const page = Number.isInteger(asked) ? Math.min(Math.max(asked, 1), pages) : 1
    const components = system.components.slice((page - 1) * PAGE_COMPONENTS, page * PAGE_COMPONENTS)
    const [histories, { incidents, total }] = await Promise.all([
      standing.book.components(components.map(({ name }) => name)),
      standing.book.incidents({ offset: 0, limit: SHOWN_INCIDENTS }),
    ])
    const view = { isPublic: isPublic(), now: standing.now() }
    return pageOf({
      title,
      reloadSeconds: 60,
      head: FEEDS,
      style: `${BARS_STYLE}.bars{--days:${standing.book.days()}}`,
      body: html`<h1>${title}</h1>
<main>
${verdict(system, view)}
<h2>Components</h2>
${components.length === 0 ? html`<p>Nothing is watched yet.</p>` : components.map((one, index) => componentOf(one, histories[index]!, view))}
${pages === 1 ? '' : pager(page, pages)}<h2>Incidents</h2>
${incidents.length === 0 ? html`<p>None in ${standing.book.days()} days.</p>` : html`<ul class="incidents">${incidents.map((one) => incidentOf(one, view))}</ul>`}
${total > incidents.length ? html`<p>And ${total - incidents.length} more before.</p>` : ''}
${view.isPublic ? '' : latencyTable(histories)}</main>
<footer><p>As of ${moment(view.now)}. All times, and the days of the bars, are UTC. Feeds: <a href="/status/feed.rss">RSS</a>, <a href="/status/feed.json">JSON</a>.</p></footer>`,
    })
  }
}

interface View {
  readonly isPublic: boolean
  readonly now: number
}

const FEEDS = html`
<link rel="alternate" type="application/rss+xml" title="RSS" href="/status/feed.rss">
<link rel="alternate" type="application/feed+json" title="JSON Feed" href="/status/feed.json">`

function verdict({ colour, reasons, components }: SystemReport, { isPublic }: View) {
  const ill = components.filter(({ status }) => status === 'unhealthy' || status === 'degraded').length
  const told = isPublic ? (ill === 0 ? [] : [`${ill} of ${components.length} components are not healthy`]) : reasons
  return html`<p class="system"><b class="${colour.toLowerCase()}">${colour}</b> ${COLOUR_WORDS[colour]}.${told.map((reason) => html`<br>${reason}`)}</p>`
}

function componentOf({ name, status, reasons }: ComponentReport, history: ComponentHistory, { isPublic }: View) {
  return html`<section class="component">
<h3><span>${name}</span><span class="${status}">${status}</span></h3>
${isPublic ? '' : reasons.map((reason) => html`<p><small>${reason}</small></p>`)}${dayBars(history)}
</section>
`
}

function pager(page: number, pages: number) {
  const links = Array.from({ length: pages }, (_, index) => index + 1)
  return html`<nav aria-label="Pages"><p>Page ${links.map((one) => (one === page ? html` <b aria-current="page">${one}</b>` : html` <a href="?page=${one}">${one}</a>`))}</p></nav>
`
}

function incidentOf(incident: Incident, { isPublic, now }: View) {
  const { id, component, began, ended, cause, done, doneBeyond } = incident
  const { seconds, unwatchedSeconds } = lengthOf(incident, now)
  return html`<li id="incident-${id}"><b>${component}</b> <span class="${ended === undefined ? 'unhealthy' : 'healthy'}">${ended === undefined ? 'is unhealthy' : 'was unhealthy'}</span>
<br><small>${moment(began)} to ${ended === undefined ? 'now' : moment(ended)}, ${duration(seconds)}${unwatchedSeconds > 0 ? html`, of which ${duration(unwatchedSeconds)} not watched` : ''}</small>
${isPublic ? '' : html`<br>${cause}${done.map((deed) => html`<br><small>${moment(deed.at)} ${wordsOf(deed)}</small>`)}${doneBeyond > 0 ? html`<br><small>and ${doneBeyond} more</small>` : ''}`}</li>
`
}

/** What was done, for a person. */
function wordsOf(deed: Deed): string {
  switch (deed.what) {
    case 'remediation':
      return `remediation ${deed.rule}, ${deed.action.replaceAll('_', ' ')}: ${deed.outcome.replaceAll('_', ' ')}`
    case 'acknowledged':
      return `alert ${deed.alert} acknowledged`
    case 'not_watched':
      return 'taken out of the configuration'
  }
}

function latencyTable(histories: readonly ComponentHistory[]) {
  const known = histories.filter(({ latency, calls }) => latency ?? calls)
  if (known.length === 0) return ''
  return html`<h2>Latency, 30 days</h2>
<table>
<thead><tr><th rowspan="2" scope="col">Component<th colspan="3" scope="colgroup">Checks<th colspan="5" scope="colgroup">Calls</tr>
<tr><th class="n" scope="col">p50<th class="n" scope="col">p95<th class="n" scope="col">p99<th class="n" scope="col">Calls<th class="n" scope="col">Failed<th class="n" scope="col">p50<th class="n" scope="col">p95<th class="n" scope="col">p99</tr></thead>
<tbody>${known.map(
    ({
      name,
      latency,
      calls,
    }) => html`<tr><th scope="row">${name}${percentiles(latency)}${callCells(calls)}${percentiles(calls?.latency)}</tr>
`,
  )}</tbody></table>
`
}

function percentiles(found: Percentiles | undefined) {
  return [found?.p50Ms, found?.p95Ms, found?.p99Ms].map((ms) => html`<td class="n">${milliseconds(ms)}`)
}

function callCells(calls: CallsReport | undefined) {
  return html`<td class="n">${calls?.count ?? 0}<td class="n">${calls ? percent(calls.errorRatio) : '–'}`
}

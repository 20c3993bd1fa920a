import { html, raw } from 'hono/html'
import type { ComponentHistory, DayReport } from '../../history/index.js'
import { duration, percent } from './format.js'

const WORDS = {
  none: 'not watched',
  maintenance: 'maintenance',
  good: 'no trouble',
  some: 'some trouble',
  bad: 'much trouble',
} as const satisfies Record<DayReport['colour'], string>
/** What days without anything to tell of look like: neighbours of one kind make one bar. */
const PLAIN: ReadonlySet<DayReport['colour']> = new Set(['none', 'good', 'maintenance'])

/** A bar a day, as SVG; what it shows is told in words as well. Days that are alike share a shape, so that a page stays small. */
export function dayBars({ name, days, uptime }: ComponentHistory) {
  const runs = runsOf(days)
  return html`<svg class="bars" viewBox="0 0 ${days.length} 10" preserveAspectRatio="none" role="img" aria-label="${name}, ${summaryOf(days)}">
${runs.map(({ from, length, first, last }) => bar(from, length, first, last))}</svg>
<p class="scale"><span>${days.length} days ago</span><span>${percent(shareOf(uptime))} up</span><span>today</span></p>`
}

/** Of the longest time that there is. */
const shareOf = (uptime: ComponentHistory['uptime']): number | undefined => uptime[90] ?? uptime[30] ?? uptime[7]

function bar(from: number, length: number, first: DayReport, last: DayReport) {
  const dates = length === 1 ? first.date : `${first.date} to ${last.date}`
  // The words are for who cannot tell the colours apart; SVG's own tooltips need no script.
  return html`<rect class="${first.colour}" x="${from}" width="${length}" height="10"><title>${dates}: ${WORDS[first.colour]}${detailOf(first)}</title></rect>${raw('\n')}`
}

function detailOf({ colour, watchedSeconds, unhealthySeconds, degradedSeconds }: DayReport): string {
  if (PLAIN.has(colour)) return ''
  const parts = [
    unhealthySeconds > 0 ? `unhealthy ${duration(unhealthySeconds)}` : '',
    degradedSeconds > 0 ? `degraded ${duration(degradedSeconds)}` : '',
    `${percent(1 - unhealthySeconds / Math.max(watchedSeconds, 0.001))} up`,
  ]
  return `, ${parts.filter(Boolean).join(', ')}`
}

function runsOf(days: readonly DayReport[]) {
  const runs: { from: number; length: number; first: DayReport; last: DayReport }[] = []
  for (const [index, day] of days.entries()) {
    const run = runs.at(-1)
    if (run && run.first.colour === day.colour && PLAIN.has(day.colour)) {
      run.length++
      run.last = day
    } else runs.push({ from: index, length: 1, first: day, last: day })
  }
  return runs
}

/** What the bars show, for who does not see them. */
function summaryOf(days: readonly DayReport[]): string {
  const parts = (['bad', 'some', 'maintenance', 'good', 'none'] as const).flatMap((colour) => {
    const count = days.filter((day) => day.colour === colour).length
    return count === 0 ? [] : [`${WORDS[colour]} on ${count}`]
  })
  return `${days.length} days: ${parts.join(', ')}`
}

export const BARS_STYLE = `.component{margin:1.4rem 0}.component h3{margin:0;display:flex;gap:1rem;justify-content:space-between;font-size:1rem;overflow-wrap:anywhere}
.bars{display:block;width:100%;height:2rem;mask:repeating-linear-gradient(90deg,#000 0 calc(100%/var(--days) - 2px),#0000 0 calc(100%/var(--days)))}
.bars .good{fill:#2a9d57}.bars .some{fill:#d79b00}.bars .bad{fill:#d33}.bars .none{fill:#8885}.bars .maintenance{fill:#4a86e8}
.scale{display:flex;justify-content:space-between;margin:.1rem 0;font-size:.85em;opacity:.8}
`

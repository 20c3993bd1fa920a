import type { WatchedTimes } from '../../history/index.js'
import type { ComponentReport, SystemReport } from '../../monitor/index.js'
import { escaped } from '../../xml/index.js'
import { percent } from './format.js'
import { sealed } from './sealed.js'
import type { Standing } from './standing.js'

/** What the badges of uptime look back on, in days. */
const UPTIME_DAYS = 30
const COLOURS = { good: '#2a7d3f', some: '#a06a00', bad: '#c0392b', none: '#6b6b6b', maintenance: '#1f5fbf' } as const
/** Longest label that is drawn, in characters. */
const MAX_LABEL = 40

interface Badge {
  readonly label: string
  readonly message: string
  readonly colour: keyof typeof COLOURS
}

export interface Badges {
  /** `GET /status/badge.svg`: the colour of the whole. */
  whole(request: Request): Promise<Response>
  /** `GET /status/uptime.svg`: the share of the last 30 days in which components were up, over all of them. */
  uptime(request: Request): Promise<Response>
  /** `GET /status/badge/<component>.svg`; 404, as a badge too, for one that is not watched. */
  ofComponent(request: Request): Promise<Response>
  /** `GET /status/badge/<component>/uptime.svg`. */
  uptimeOfComponent(request: Request): Promise<Response>
}

/** Badges as SVG, in the form that readers of README files know. */
export function createBadges(standing: Standing): Badges {
  const drawn = (request: Request, badge: Badge, status = 200) =>
    sealed(request, svgOf(badge), 'image/svg+xml; charset=utf-8', standing.options().public, status)

  /** The component that an address names; its last part is `<name>.svg`, or stands before `uptime.svg`. */
  function named(request: Request, ending: string): ComponentReport | undefined {
    const path = new URL(request.url).pathname
    if (!path.endsWith(ending)) return undefined
    const name = decoded(path.slice('/status/badge/'.length, -ending.length))
    return standing.system().components.find((component) => component.name === name)
  }
  const missing = (request: Request) => drawn(request, { label: 'status', message: 'not found', colour: 'none' }, 404)

  return {
    async whole(request) {
      const { colour } = standing.system()
      return drawn(request, { label: 'status', message: colour.toLowerCase(), colour: OF_SYSTEM[colour] })
    },
    async uptime(request) {
      const times = await standing.book.times(UPTIME_DAYS)
      return drawn(request, uptimeBadge('uptime', [...times.values()]))
    },
    async ofComponent(request) {
      const found = named(request, '.svg')
      if (found === undefined) return missing(request)
      return drawn(request, { label: found.name, message: found.status, colour: OF_COMPONENT[found.status] })
    },
    async uptimeOfComponent(request) {
      const found = named(request, '/uptime.svg')
      if (found === undefined) return missing(request)
      const times = (await standing.book.times(UPTIME_DAYS)).get(found.name)
      return drawn(request, uptimeBadge(`${found.name} uptime`, times ? [times] : []))
    },
  }
}

const OF_SYSTEM = { GREEN: 'good', YELLOW: 'some', RED: 'bad' } as const satisfies Record<
  SystemReport['colour'],
  string
>
const OF_COMPONENT = {
  healthy: 'good',
  degraded: 'some',
  unhealthy: 'bad',
  unknown: 'none',
  maintenance: 'maintenance',
} as const satisfies Record<ComponentReport['status'], keyof typeof COLOURS>

function uptimeBadge(label: string, times: readonly WatchedTimes[]): Badge {
  const watchedMs = times.reduce((sum, time) => sum + time.watchedMs, 0)
  if (watchedMs === 0) return { label, message: 'not known', colour: 'none' }
  const share = 1 - times.reduce((sum, time) => sum + time.unhealthyMs, 0) / watchedMs
  return { label, message: percent(share), colour: share >= 0.999 ? 'good' : share >= 0.95 ? 'some' : 'bad' }
}

/** Flat, 20 pixels high; a text is drawn as wide as it was reckoned, whatever font there is. */
function svgOf({ label, message, colour }: Badge): string {
  const short = [...label].length > MAX_LABEL ? `${[...label].slice(0, MAX_LABEL - 1).join('')}…` : label
  const [left, right] = [widthOf(short), widthOf(message)]
  const whole = `${escaped(short)}: ${escaped(message)}`
  const text = (words: string, from: number, width: number) =>
    `<text x="${from + width / 2}" y="14" textLength="${width - 10}" lengthAdjust="spacingAndGlyphs">${escaped(words)}</text>`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${left + right}" height="20" role="img" aria-label="${whole}">`,
    `<title>${whole}</title>`,
    `<clipPath id="r"><rect width="${left + right}" height="20" rx="3"/></clipPath>`,
    `<g clip-path="url(#r)"><rect width="${left}" height="20" fill="#555"/><rect x="${left}" width="${right}" height="20" fill="${COLOURS[colour]}"/></g>`,
    `<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">${text(short, 0, left)}${text(message, left, right)}</g>`,
    '</svg>',
    '',
  ].join('\n')
}

/** The width of a text in Verdana of 11 pixels, about, with 5 pixels on each side. */
function widthOf(text: string): number {
  let width = 10
  for (const character of text) {
    if (/[ijlI.,:;'|!]/.test(character)) width += 4
    else if (/[mwMW@%]/.test(character)) width += 10
    else width += character.codePointAt(0)! > 0x2e80 ? 11 : 6.8
  }
  return Math.ceil(width)
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

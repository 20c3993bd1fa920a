import type { Incident } from '../../history/index.js'
import { escaped } from '../../xml/index.js'
import { duration } from './format.js'
import { sealed } from './sealed.js'
import { lengthOf, type Standing } from './standing.js'

/** Incidents that a feed tells of: those that began last. */
const FEED_INCIDENTS = 50

/** One thing that happened: an incident began, or is over. */
interface Item {
  /** The same for ever. */
  readonly id: string
  readonly url: string
  readonly title: string
  readonly text: string
  /** Milliseconds since 1970. */
  readonly at: number
}

export interface Feeds {
  /** `GET /status/feed.rss`: RSS 2.0. */
  rss(request: Request): Promise<Response>
  /** `GET /status/feed.json`: JSON Feed 1.1. */
  json(request: Request): Promise<Response>
}

/** The incidents as feeds, without causes where the page is public. What did not change is answered by 304. */
export function createFeeds(standing: Standing): Feeds {
  async function items(page: string): Promise<readonly Item[]> {
    const { incidents } = await standing.book.incidents({ offset: 0, limit: FEED_INCIDENTS })
    const isPublic = standing.options().public
    return incidents
      .flatMap((incident) => itemsOf(incident, page, isPublic))
      .sort((one, other) => other.at - one.at || one.id.localeCompare(other.id))
  }

  const addressOf = (request: Request): string => standing.options().url ?? new URL('/status', request.url).href
  const about = () => `Incidents of ${standing.options().title}. Times are UTC.`

  return {
    async rss(request) {
      const page = addressOf(request)
      const found = await items(page)
      const newest = found[0]
      const text = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom">',
        '<channel>',
        `<title>${escaped(standing.options().title)}</title>`,
        `<link>${escaped(page)}</link>`,
        `<description>${escaped(about())}</description>`,
        '<language>en</language>',
        `<atom:link href="${escaped(feedAddress(page, 'feed.rss'))}" rel="self" type="application/rss+xml"/>`,
        ...(newest ? [`<lastBuildDate>${new Date(newest.at).toUTCString()}</lastBuildDate>`] : []),
        ...found.map(
          ({ id, url, title, text, at }) =>
            `<item><title>${escaped(title)}</title><link>${escaped(url)}</link><guid isPermaLink="false">${id}</guid>` +
            `<pubDate>${new Date(at).toUTCString()}</pubDate><description>${escaped(text)}</description></item>`,
        ),
        '</channel>',
        '</rss>',
        '',
      ].join('\n')
      return sealed(request, text, 'application/rss+xml; charset=utf-8', standing.options().public)
    },
    async json(request) {
      const page = addressOf(request)
      const found = await items(page)
      const feed = {
        version: 'https://jsonfeed.org/version/1.1',
        ...{ title: standing.options().title, description: about(), language: 'en' },
        ...{ home_page_url: page, feed_url: feedAddress(page, 'feed.json') },
        items: found.map(({ id, url, title, text, at }) => ({
          ...{ id, url, title, content_text: text, date_published: new Date(at).toISOString() },
        })),
      }
      const text = `${JSON.stringify(feed, undefined, 2)}\n`
      return sealed(request, text, 'application/feed+json; charset=utf-8', standing.options().public)
    },
  }
}

function itemsOf(incident: Incident, page: string, isPublic: boolean): readonly Item[] {
  const { id, component, began, ended, cause } = incident
  const url = `${page}#incident-${id}`
  const why = isPublic ? '' : ` Cause: ${cause}.`
  const first: Item = {
    ...{ id: `${id}-began`, url, at: began, title: `${component} is unhealthy` },
    text: `${component} is unhealthy since ${stamp(began)}.${why}`,
  }
  if (ended === undefined) return [first]
  const { seconds, unwatchedSeconds } = lengthOf(incident, ended)
  const gap = unwatchedSeconds > 0 ? `, of which ${duration(unwatchedSeconds)} were not watched` : ''
  const over: Item = {
    ...{ id: `${id}-over`, url, at: ended, title: `${component}: over` },
    text: `${component} was unhealthy from ${stamp(began)} to ${stamp(ended)}, ${duration(seconds)}${gap}.${why}`,
  }
  return [over, first]
}

const stamp = (at: number): string => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`

/** The feed's own address, beside that of the page. */
function feedAddress(page: string, name: string): string {
  const url = new URL(page)
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${name}`
  return url.href
}

/**
 * Servers with the library in them and without, on every SDK and over every transport: what their clients hear, byte for
 * byte, and what their handlers see. By itself: `npm test -- library-untouched`.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Event, EventOf } from '../../packages/instrument/src/event/index.js'
import { instrument, uninstrument, vitals } from '../../packages/instrument/src/index.js'
import { FIXTURES, type FixtureName, type WatchedServer } from '../fixtures/sdk/fixtures.mjs'
import { SDKS, type SdkVersion } from '../fixtures/sdk/sdks.mjs'
import { session } from '../fixtures/sdk/session.js'
import { Site, type TransportName } from '../fixtures/sdk/wires.js'

/** Which transports each SDK has. */
const TRANSPORTS: Record<SdkVersion, readonly TransportName[]> = {
  '1.0.4': ['memory', 'stdio', 'sse'],
  '1.12.3': ['memory', 'stdio', 'http', 'sse'],
  '1.20.2': ['memory', 'stdio', 'http', 'sse'],
  '1.32.2': ['memory', 'stdio', 'http', 'sse'],
  '2.4.0': ['memory', 'stdio', 'http'],
}
const NAMES = Object.keys(FIXTURES) as FixtureName[]
const CELLS = Object.entries(TRANSPORTS).flatMap(([version, transports]) =>
  transports.flatMap((transport) => NAMES.map((name) => [version as SdkVersion, transport, name] as const)),
)

/** How the library stands in a server: what is done before the server connects, and after. */
interface Way {
  before?(server: WatchedServer): void
  after?(server: WatchedServer): void
  /** Whether every request is heard. */
  readonly hears: boolean
}
const USUAL: Way = { before: (server) => void instrument(server), hears: true }
/** In memory, where it costs least, in every way. */
const WAYS: Record<string, Way> = {
  'before it connects': USUAL,
  'after it connected': { after: (server) => void instrument(server), hears: true },
  'three times': {
    before: (server) => void instrument(instrument(server), { server: 'again' }),
    after: (server) => void instrument(server),
    hears: true,
  },
  'where all else that listens throws': {
    before(server) {
      undo.push(vitals().attach(fails))
      instrument(server)
    },
    hears: true,
  },
  'and taken away': {
    before: (server) => void instrument(server),
    after: (server) => void uninstrument(server),
    hears: false,
  },
}

function fails(): never {
  throw new Error('a listener that fails')
}

let site: Site
const undo: (() => void)[] = []
const listened: Event[] = []
beforeAll(async () => {
  site = await Site.open()
  vitals().attach((event) => listened.push(event))
})
afterAll(() => site.close())

/** What clients asked, as the library tells it. */
function asked(type: 'request.started' | 'request.ended') {
  const events = listened.filter((event) => event.type === type) as unknown as EventOf<'request.started'>[]
  return events.filter(({ direction }) => direction === 'client_to_server')
}

describe('a server with the library in it', () => {
  it('runs on five SDKs, over four transports', () => expect(CELLS).toHaveLength(18 * 8))

  it.each(CELLS)('answers as one without it: SDK %s, %s, %s', async (version, transport, name) => {
    const sdk = await SDKS[version]()
    const bare = await session(FIXTURES[name], sdk, transport, site)
    expect(bare.diary.length + bare.methods.length).toBeGreaterThan(5)
    for (const [title, { hears, ...way }] of Object.entries(transport === 'memory' ? WAYS : { usual: USUAL })) {
      listened.length = 0
      expect(await session(FIXTURES[name], sdk, transport, site, way), title).toEqual(bare)
      for (const each of undo.splice(0)) each()
      const heard = asked('request.started')
      const ended = asked('request.ended')
      expect(ended.map(({ operation }) => operation).sort()).toEqual(heard.map(({ operation }) => operation).sort())
      const methods = heard.map(({ method }) => method)
      if (!hears) expect(methods, title).toEqual([])
      // Of what is no proper request, each transport lets through something else.
      else if (name !== 'strange') expect(methods, title).toEqual(bare.methods)
    }
  })
})

/** A session with the instrument and without: the same messages, and events that are those of their bytes. */
import { describe, expect, it } from 'vitest'
import type { Event, Origin } from '../../../packages/instrument/src/event/index.js'
import { instrument, instrumentClient, vitals } from '../../../packages/instrument/src/index.js'
import { createConversation, createServerMemory } from '../../../packages/instrument/src/mcp/index.js'
import { type Line, richSession } from './rich.js'
import { listen } from './servers.js'

/** What differs between two sessions, and between objects and bytes. */
const CHANCE = [
  'at',
  'durationMs',
  'waitMs',
  'operation',
  'session',
  'sizeBytes',
  'requestBytes',
  'responseBytes',
  'caller',
]

function essence(events: readonly Event[]): unknown {
  return events.map((event) => Object.fromEntries(Object.entries(event).filter(([key]) => !CHANCE.includes(key))))
}

/** What is seen from outside, of the bytes. */
function fromOutside(lines: readonly Line[], whose: Pick<Origin, 'server' | 'side'>): readonly Event[] {
  const events: Event[] = []
  const conversation = createConversation({
    origin: { ...whose, session: 's', transport: 'memory' },
    publish: (event) => events.push(event),
    now: Date.now,
    clock: () => performance.now(),
    server: createServerMemory(),
  })
  for (const [from, json] of lines) conversation.lines(from).feed(Buffer.from(`${json}\n`))
  conversation.close('cancelled', 'client')
  return events
}

describe.each([1, 2] as const)('a session of SDK %i', (major) => {
  it('passes unchanged, and gives the events that its bytes give', async () => {
    const bare = await richSession(major)
    const heard = listen()
    const lines = await richSession(major, (server) => instrument(server))
    heard.stop()
    expect(lines).toEqual(bare)
    expect(essence(heard.events)).toEqual(essence(fromOutside(lines, { server: 'rich' })))
    const methods = new Set(heard.of('request.ended').map(({ method }) => method))
    for (const method of ['sampling/createMessage', 'elicitation/create', 'roots/list', 'completion/complete'])
      expect(methods).toContain(method)
    const ended = heard.of('request.ended')
    expect(ended.map(({ outcome }) => outcome)).toContain('cancelled')
    // Those that asked their client in the middle of the call.
    const waited = ended.filter(({ waitMs }) => waitMs !== undefined).map(({ name }) => name)
    expect(waited).toEqual(['sample', 'choose', 'roots'])
  })

  it('gives a client the same events, told by its side, under the name of the server that it was told', async () => {
    const bare = await richSession(major)
    const heard = listen()
    const lines = await richSession(major, (_server, client) => instrumentClient(client, { server: 'shop' }))
    heard.stop()
    expect(lines).toEqual(bare)
    expect(essence(heard.events)).toEqual(essence(fromOutside(lines, { server: 'shop', side: 'client' })))
    expect(heard.of('request.ended').find(({ method }) => method === 'roots/list')?.direction).toBe('server_to_client')
  })

  it('passes unchanged where all that hears of it throws', async () => {
    const bare = await richSession(major)
    const before = vitals().stats.faults
    const stop = vitals().attach(() => {
      throw new Error('a listener that fails')
    })
    const lines = await richSession(major, (server, client) => {
      instrument(server)
      instrumentClient(client)
    })
    stop()
    expect(lines).toEqual(bare)
    expect(vitals().stats.faults - before).toBeGreaterThan(100)
  })
})

/** What stands around messages: it runs what handles them, may send another in place of one, and can break nothing. */
import { afterEach, describe, expect, it } from 'vitest'
import { instrument, instrumentClient, type Surround, vitals } from '../../../packages/instrument/src/index.js'
import { type Line, richSession } from './rich.js'
import { connected, listen } from './servers.js'

afterEach(() => {
  vitals().surround = undefined
})

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'

/** Surrounds every message with `run`, and remembers where and in which order. */
function surround(run: <T>(deliver: () => T) => T, more: { message?: unknown; traceparent?: string } = {}) {
  const seen: string[] = []
  const closed = new Set<object>()
  vitals().surround = {
    passing({ side }, message, sent) {
      seen.push(`${side} ${sent ? 'says' : 'hears'} ${(message as { method?: string }).method ?? 'answer'}`)
      return { ...more, run }
    },
    closed: (link) => closed.add(link),
  } satisfies Surround
  return { seen, closed }
}

describe.each([1, 2] as const)('SDK %i', (major) => {
  it('tells of each message once, with the side that is ours, and of the end', async () => {
    const { seen, closed } = surround((deliver) => deliver())
    const { client } = await connected(major, instrument)
    seen.length = 0
    instrumentClient(client)
    await client.callTool({ name: 'echo', arguments: { text: 'a' } })
    await client.close()
    expect(seen).toEqual([
      'client says tools/call',
      'server hears tools/call',
      'client hears answer',
      'server says answer',
    ])
    expect(closed.size).toBe(2)
  })

  it('has events tell of the trace that it names', async () => {
    surround((deliver) => deliver(), { traceparent: `00-${TRACE}-00f067aa0ba902b7-01` })
    const heard = listen()
    const { client } = await connected(major, instrument)
    await client.close()
    heard.stop()
    expect(heard.of('request.ended').map(({ traceId }) => traceId)).toEqual([TRACE])
  })

  const BROKEN: readonly (readonly [string, <T>(deliver: () => T) => T])[] = [
    [
      'throws before it delivers',
      () => {
        throw new Error('before')
      },
    ],
    [
      'runs it in a stack of its own',
      (deliver) => {
        const [result] = [0].map(deliver)
        return result as ReturnType<typeof deliver>
      },
    ],
  ]
  it.each(BROKEN)('delivers each message once where it %s', async (_what, run) => {
    const bare: readonly Line[] = await richSession(major)
    surround(run)
    const around = await richSession(major, (server, client) => {
      instrument(server)
      instrumentClient(client)
    })
    expect(around).toEqual(bare)
  })

  it('delivers where it cannot even be asked', async () => {
    const bare = await richSession(major)
    vitals().surround = {
      passing() {
        throw new Error('no')
      },
      closed() {
        throw new Error('no')
      },
    }
    expect(await richSession(major, (server) => instrument(server))).toEqual(bare)
  })
})

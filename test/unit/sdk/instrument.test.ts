import { describe, expect, it } from 'vitest'
import { instrument, uninstrument } from '../../../packages/instrument/src/index.js'
import { connected, listen } from './servers.js'

/** A session in which each tool is called once, and one that there is not. */
async function shopping(major: 1 | 2, times = 1) {
  const heard = listen()
  const { server, client } = await connected(major, (made) => {
    for (let i = 0; i < times; i++) instrument(made)
    return made
  })
  await client.listTools()
  await client.callTool({ name: 'echo', arguments: { text: 'hello' } })
  await client.callTool({ name: 'fail', arguments: {} })
  await client.callTool({ name: 'burst', arguments: {} })
  await client.callTool({ name: 'nothing', arguments: {} }).catch(() => {})
  await client.close()
  heard.stop()
  return { ...heard, server }
}

describe.each([1, 2] as const)('instrument, SDK %i', (major) => {
  it('tells what a client called and how it ended, once however often it is instrumented', async () => {
    const { of } = await shopping(major, 3)
    const ended = of('request.ended').map(({ method, name, outcome, status }) => ({ method, name, outcome, status }))
    const unknownTool = { outcome: major === 1 ? 'tool_error' : 'protocol_error', status: 404 }
    expect(ended).toEqual([
      { method: 'initialize', name: undefined, outcome: 'ok', status: 200 },
      { method: 'tools/list', name: undefined, outcome: 'ok', status: 200 },
      { method: 'tools/call', name: 'echo', outcome: 'ok', status: 200 },
      { method: 'tools/call', name: 'fail', outcome: 'tool_error', status: 500 },
      { method: 'tools/call', name: 'burst', outcome: 'tool_error', status: 500 },
      { method: 'tools/call', name: 'nothing', ...unknownTool },
    ])
    expect(of('unreadable')).toEqual([])
    expect(of('request.started')).toHaveLength(ended.length)
    expect(of('session.opened')).toMatchObject([
      { server: 'shop', transport: 'memory', clientName: 'me', serverName: 'shop', serverVersion: '1.2.3' },
    ])
    expect(of('session.closed')).toMatchObject([{ reason: 'client' }])
    expect(of('tools.listed')).toMatchObject([{ tools: ['echo', 'fail', 'burst'], complete: true }])
    expect(of('notification')).toMatchObject([{ method: 'notifications/initialized', direction: 'client_to_server' }])
  })

  it('leaves a server as it was when it is uninstrumented', async () => {
    const { server, client, transport } = await connected(major, instrument)
    const heard = listen()
    uninstrument(server)
    for (const key of ['connect', 'close']) expect(Object.hasOwn(server.server, key)).toBe(false)
    expect(Object.hasOwn(transport, 'send')).toBe(false)
    for (const key of ['onmessage', 'onclose'] as const)
      expect(Object.getOwnPropertyDescriptor(transport, key)).toMatchObject({ value: expect.any(Function) })
    expect(await client.callTool({ name: 'echo', arguments: { text: 'hello' } })).toMatchObject({
      content: [{ type: 'text', text: 'hello' }],
    })
    expect(heard.of('request.started')).toEqual([])
    await client.close()
    heard.stop()
  })
})

/** What is recorded by hand inside a call that an instrumented server counts is that call, and no second one. */
import { describe, expect, it } from 'vitest'
import { instrument } from '../../../packages/instrument/src/index.js'
import { monitored, recordToolCall } from '../../../packages/instrument/src/record.js'
import { serverName } from '../../../packages/instrument/src/vitals/index.js'
import { connected, listen } from '../sdk/servers.js'

class QuotaError extends Error {}

async function noticed(major: 1 | 2, tools: Readonly<Record<string, () => unknown>>) {
  const { server, client } = await connected(major, (made) => {
    for (const [name, tool] of Object.entries(tools)) (made as Registers).registerTool(name, {}, tool)
    return instrument(made)
  })
  const heard = listen()
  const calls = () =>
    heard.of('request.ended').map(({ server: at, name, outcome, errorType }) => [at, name, outcome, errorType])
  return { server, client, heard, calls, call: (name: string) => client.callTool({ name, arguments: {} }) }
}

interface Registers {
  registerTool(name: string, config: object, handler: () => unknown): void
}

describe.each([1, 2] as const)('SDK %i', (major) => {
  it('counts a handler that is monitored once, and tells the class of what it throws', async () => {
    const quota = monitored('quota', async () => {
      throw new QuotaError('alice@example.com is over')
    })
    const find = monitored('find', async () => ({ content: [] }))
    const { client, heard, calls, call } = await noticed(major, { quota, find })
    await Promise.all([call('find'), call('quota'), call('find')])
    await find()
    await client.close()
    heard.stop()
    expect(calls().filter(([, name]) => name === 'quota')).toEqual([['shop', 'quota', 'tool_error', 'QuotaError']])
    const found = calls().filter(([, name]) => name === 'find')
    // Two of the client's, and the one that the program made by itself.
    expect(found.filter(([at]) => at === 'shop')).toHaveLength(2)
    expect(found).toHaveLength(3)
    expect(heard.of('request.started')).toHaveLength(4)
  })

  it('leaves the list of tools to the server, until the program makes a call by itself', async () => {
    const mine = monitored('mine', async () => ({ content: [] }))
    const { client, heard, call } = await noticed(major, { mine })
    const listed = () => heard.of('tools.listed').map(({ server, tools }) => [server, tools])
    await call('mine')
    expect(listed()).toEqual([])
    await mine()
    // Once a process.
    expect(listed()).toEqual(major === 1 ? [[serverName(), ['mine']]] : [])
    monitored('theirs', mine, { server: `shop-${major}` })
    expect(listed().at(-1)).toEqual([`shop-${major}`, ['theirs']])
    await client.close()
    heard.stop()
  })

  it('counts a block that has the name of the call around it once, and any other by itself', async () => {
    const inner = () => recordToolCall('deep', () => 'found')
    const { client, heard, calls, call } = await noticed(major, {
      outer: () => recordToolCall('outer', () => ({ content: [{ type: 'text', text: inner() + inner() }] })),
    })
    await call('outer')
    await call('outer')
    await client.close()
    heard.stop()
    expect(calls().map(([, name]) => name)).toEqual(['deep', 'deep', 'outer', 'deep', 'deep', 'outer'])
  })
})

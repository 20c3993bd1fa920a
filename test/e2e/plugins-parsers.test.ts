/** Programs of every parser that plugins are written with, each really run: what its help says is what it takes. */
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Client } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hostOf } from './plugins-harness.js'

const PARSERS = ['argparse', 'click', 'typer', 'commander', 'yargs'].map((parser) => `parsers/${parser}`)
// click and typer are Debian's, so Python is as well.
const host = hostOf(PARSERS, { env: { PATH: '/usr/bin:/bin' } })
let client: Client

beforeAll(async () => {
  // Packages are found from where the program lies.
  symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(host.home, 'node_modules'))
  client = await host.open()
})

afterAll(() => host.stop())

async function called(name: string, args: Record<string, unknown>) {
  const { content, structuredContent, isError } = await client.callTool({ name, arguments: args })
  return { isError, found: structuredContent ?? content }
}

describe.each([
  // What argparse has below `command` and below the place of each group.
  ['argparse', 'arg1', { command: 'remote', remote: 'add' }, { command: 'remote', remote: 'branch', branch: 'track' }],
  ['click', 'arg1', { command: 'remote add' }, { command: 'remote branch track' }],
  ['commander', 'form', { command: 'remote add' }, { command: 'remote branch track' }],
  ['typer', 'form', { command: 'remote add' }, { command: 'remote branch track' }],
  ['yargs', 'form', { command: 'remote add' }, { command: 'remote branch track' }],
])('a program of %s', (plugin, form, added, tracked) => {
  test('gives its commands as tools, those in groups with their groups', async () => {
    const { tools } = await client.listTools()
    const own = new Map(tools.filter(({ name }) => name.startsWith(`${plugin}.`)).map((tool) => [tool.name, tool]))
    expect([...own.keys()].filter((name) => !name.endsWith('prune'))).toEqual(
      ['pick', 'remote.add', 'remote.branch.track'].map((name) => `${plugin}.${name}`),
    )
    expect(own.get(`${plugin}.pick`)).toMatchObject({
      description: expect.stringMatching(/^Picks a form\.?$/),
      inputSchema: { properties: { [form]: { type: 'string', enum: ['short', 'long'] } }, required: [form] },
    })
    expect(own.get(`${plugin}.remote.add`)).toMatchObject({
      description: expect.stringMatching(/^Adds one\.?$/),
      inputSchema: {
        properties: { name: { type: 'string' }, url: { type: 'string' }, force: { type: 'boolean' } },
        required: expect.arrayContaining(['name']),
        additionalProperties: false,
      },
    })
    expect(own.get(`${plugin}.remote.branch.track`)).toMatchObject({
      inputSchema: {
        properties: {
          names: { type: 'array', items: { type: 'string' } },
          depth: { type: expect.stringMatching(/^(?:integer|number)$/), default: 1 },
        },
        required: ['names'],
      },
    })
  })

  test('is given what was called with, whatever that holds', async () => {
    // yargs takes no name that looks like an option, in any way.
    const isStrict = plugin === 'yargs'
    const odd = { name: isStrict ? '; --force' : '--force', url: '--url=$(id) "; rm' }
    expect(await called(`${plugin}.remote.add`, { ...odd, force: true })).toMatchObject({
      isError: undefined,
      found: { ...added, ...odd, force: true },
    })
    expect(await called(`${plugin}.remote.add`, odd)).toMatchObject({ found: { ...odd, force: false } })
    const names = [isStrict ? 'one' : '-h', 'two']
    expect(await called(`${plugin}.remote.branch.track`, { names, depth: 3 })).toMatchObject({
      found: { ...tracked, names, depth: 3 },
    })
    const dashed = called(`${plugin}.remote.branch.track`, { names: ['--depth=9'] })
    if (isStrict) await expect(dashed).rejects.toThrow('A value of "names" begins with a dash')
    else expect(await dashed).toMatchObject({ found: { ...tracked, names: ['--depth=9'], depth: 1 } })
    expect(await called(`${plugin}.pick`, { [form]: 'long' })).toMatchObject({ found: { form: 'long' } })
    await expect(called(`${plugin}.pick`, { [form]: 'wide' })).rejects.toThrow(/one of short, long/)
  })
})

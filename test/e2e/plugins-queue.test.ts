/** Jobs that wait, as clients meet them: whose turn it is, and who is refused. And what a program reads. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from '@modelcontextprotocol/client'
import { afterEach, expect, test } from 'vitest'
import { until } from './gateway-harness.js'
import { type Answer, called, type HostOfTest, hostOf } from './plugins-harness.js'

const hosts: HostOfTest[] = []
afterEach(() => Promise.all(hosts.splice(0).map((host) => host.stop())))

/** One job runs at a time, and four may wait; the first holds the others up until it is let go. */
function opened(entry: Record<string, unknown> = {}) {
  const host = hostOf(['plugins/one'], { env: { PID_FILE: '{home}/pid' }, ...entry })
  hosts.push(host)
  const done: string[] = []
  const entered = () => host.ofType('queue').filter(({ action }) => action === 'entered').length
  const calls: Promise<string>[] = []
  return {
    ...{ host, done, calls },
    /** Begins a call, and returns once its job is in the queue. */
    async begin(client: Client, name: string, args: Record<string, string> = {}, _meta: object = {}) {
      const before = entered()
      const call = client.callTool({ name: `one.${name}`, arguments: args, _meta: { ..._meta } }).then((result) => {
        const text = (result as Answer).content.map((item) => item.text).join('')
        done.push(text)
        return text
      })
      call.catch(() => {})
      calls.push(call)
      await until(() => entered() > before, `${name} entered`)
    },
    letGo: () => writeFileSync(join(host.home, 'pid.go'), ''),
  }
}

test.each([
  ['legacy', {}],
  ['modern', { versionNegotiation: { mode: 'auto' as const } }],
])('a %s client moves its own jobs, as far as the configuration lets it', async (_, options) => {
  const { host, begin, letGo, calls, done } = opened({ callerPriority: 5 })
  const client = await host.open('a', options)
  await begin(client, 'hold')
  const say = (text: string, priority?: number) =>
    begin(client, 'say', { text }, priority === undefined ? {} : { 'mcp-vitals/priority': priority })
  await say('plain')
  await say('back', -3)
  await say('front', 6)
  // No further than the one before.
  await say('next', 1_000_000)
  for (const wrong of ['high', 1.5])
    await expect(
      client.callTool({ name: 'one.say', arguments: { text: '' }, _meta: { 'mcp-vitals/priority': wrong } }),
    ).rejects.toThrow('mcp-vitals/priority in _meta is no whole number; -5 to 5 are taken, such as 5.')
  letGo()
  await Promise.all(calls)
  expect(done).toEqual(['', 'front', 'next', 'plain', 'back'])
})

test('where the configuration lets nobody, what a client asks for moves nothing', async () => {
  const { host, begin, letGo, calls, done } = opened()
  const client = await host.open('a')
  await begin(client, 'hold')
  await begin(client, 'say', { text: 'first' })
  await begin(client, 'say', { text: 'second' }, { 'mcp-vitals/priority': 100 })
  await begin(client, 'say', { text: 'third' }, { 'mcp-vitals/priority': 'at once' })
  letGo()
  await Promise.all(calls)
  expect(done).toEqual(['', 'first', 'second', 'third'])
})

test('a full queue refuses who has most, and says so', async () => {
  const { host, begin, letGo, calls } = opened()
  const [greedy, other] = [await host.open('a'), await host.open('b')]
  await begin(greedy, 'hold')
  for (const text of ['1', '2', '3', '4']) await begin(greedy, 'say', { text })
  const full = 'The queue of one is full: 4 jobs wait. Try again later.'
  expect(await called(greedy, 'one.say', { text: '5' })).toMatchObject({ isError: true, text: full })
  await begin(other, 'say', { text: 'mine' })
  expect(await calls[4]).toBe(full)
  letGo()
  expect(await Promise.all(calls)).toEqual(['', '1', '2', '3', full, 'mine'])
})

test('an argument on standard input may hold anything, and a program need not read it', async () => {
  const { host } = opened({ maxInputBytes: 200_000 })
  const client = await host.open()
  const text = '--\0$(id)é\n'.repeat(10_000)
  expect((await called(client, 'one.count', { text })).text.trim()).toBe(String(Buffer.byteLength(text)))
  expect(await called(client, 'one.deaf', { seconds: '0', text })).toMatchObject({ text: '', isError: undefined })
  await expect(called(client, 'one.count', { text: 'x'.repeat(200_001) })).rejects.toThrow(
    'What goes to standard input has 200001 bytes; 200000 are taken at most.',
  )
})

test('what changes is found while a program writes in its folder all the time', async () => {
  const host = hostOf([], { watch: true })
  hosts.push(host)
  const well = '[ "$1" = hello ] && echo hi || echo "Available commands: hello"'
  host.write('busy', well)
  const client = await host.open()
  await client.listTools()
  let lines = 0
  const writing = setInterval(() => writeFileSync(join(host.home, 'plugins/busy/log'), String(lines++)), 20)
  host.write('newcomer', well)
  await until(() => host.looks.at(-1)?.plugins.length === 2, 'the newcomer is found').finally(() =>
    clearInterval(writing),
  )
})

test('an environment that is made for a program has its help asked again, and a manifest that is no file is none', async () => {
  const host = hostOf([], { watch: true })
  hosts.push(host)
  host.write('poor', '[ -d .venv ] || exit 3; echo "Available commands: hello"')
  mkdirSync(join(host.home, 'plugins/odd'))
  execFileSync('mkfifo', [join(host.home, 'plugins/odd/plugin.json')])
  const client = await host.open()
  await client.listTools()
  await until(() => host.looks.length > 0, 'the first look')
  expect(host.looks[0]?.notTaken.map(({ name, reason }) => [name, reason])).toEqual([
    ['odd', 'its plugin.json is no file'],
    ['poor', 'its help fails with status 3'],
  ])
  mkdirSync(join(host.home, 'plugins/poor/.venv'))
  await until(() => host.looks.at(-1)?.plugins.length === 1, 'it is found')
})

test('plugins are found whose folders are made later, the one above them too', async () => {
  const host = hostOf([], { watch: true })
  hosts.push(host)
  rmSync(host.home, { recursive: true })
  const client = await host.open()
  await client.listTools()
  await until(() => host.looks.length > 0, 'the first look')
  host.write('late', 'echo "Available commands: hello"')
  await until(() => host.looks.at(-1)?.plugins.length === 1, 'it is found')
})

test('what is left out is said', async () => {
  const host = hostOf([])
  hosts.push(host)
  host.write('many', '[ "$1" = --help ] && echo "Available commands: $(seq -s, -f c%g 201)"')
  host.write('just', '[ "$1" = --help ] && echo "Available commands: $(seq -s, -f c%g 200)"')
  const client = await host.open()
  expect((await client.listTools()).tools).toHaveLength(400)
  const many =
    'Plugin many names more than 200 commands in its help: the first 200 are taken. A plugin.json may name all.'
  expect(host.looks[0]?.warnings).toEqual([many])
})

test.each([
  ['a token of progress', { name: 'one.say', _meta: { progressToken: {} } }],
  ['parameters', [1]],
])('a request whose %s has no valid form is refused, and the next one served', async (_, params) => {
  const host = hostOf(['plugins/one'])
  hosts.push(host)
  const answers = await host.raw([
    { jsonrpc: '2.0', id: 'a', method: 'tools/call', params },
    { jsonrpc: '2.0', id: 'b', method: 'tools/call', params: { name: 'one.say', arguments: { text: 'hi' } } },
  ])
  expect(answers).toMatchObject([
    { id: 'a', error: { code: -32600, message: expect.stringContaining('"progressToken"') } },
    { id: 'b', result: { content: [{ text: 'hi' }] } },
  ])
})

test('helps that end badly are told, and give no tools', async () => {
  const host = hostOf([])
  hosts.push(host)
  host.write('crashes', 'kill -s SEGV $$')
  host.write('fails', 'echo "no help" >&2; exit 4')
  host.write('floods', 'exec yes "Available commands: forged"')
  host.write('forges', 'printf "Available commands:\\n  ../up  x\\n  --evil  x\\n  \\$(id)  x\\n  fine  Good\\n"')
  const client = await host.open()
  expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['forges.fine'])
  expect(host.looks[0]?.notTaken.map(({ name, problem, reason }) => [name, problem, reason])).toEqual([
    ['crashes', 'help_failed', 'its help fails with a signal (killed)'],
    ['fails', 'help_failed', 'its help fails with status 4'],
    ['floods', 'help_failed', 'its help prints more than 262144 bytes'],
  ])
})

test('a plugin whose help hangs keeps the others from nobody', async () => {
  const host = hostOf([], {}, { patienceMs: 1 })
  hosts.push(host)
  host.write('hangs', 'exec sleep 600')
  host.write('well', '[ "$1" = hello ] && echo hi || echo "Available commands: hello"')
  const client = await host.open()
  const tools = async () => (await client.listTools()).tools.map(({ name }) => name)
  const changed = new Promise<void>((resolve) => {
    client.setNotificationHandler('notifications/tools/list_changed', () => resolve())
  })
  if (!(await tools()).includes('well.hello')) await changed
  expect(await tools()).toEqual(['well.hello'])
  expect((await called(client, 'well.hello')).text).toBe('hi')
  // It is still waited for.
  expect(host.looks).toEqual([])
})

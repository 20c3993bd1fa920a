/** Daemons under a preset, as their operators run and ask them. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { expect, onTestFinished } from 'vitest'
import { daemonOfTest, type RunningDaemon } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'

const installed = (file: string) => fileURLToPath(import.meta.resolve(file))
export const EVERYTHING = {
  command: process.execPath,
  args: [installed('@modelcontextprotocol/server-everything/dist/index.js'), 'stdio'],
}

export async function upAs(
  preset: string,
  config: object = {},
  env: Record<string, string> = {},
): Promise<RunningDaemon> {
  return daemonOfTest({
    config: { servers: { everything: EVERYTHING }, ...config },
    args: ['--preset', preset],
    // An empty variable counts as absent: the preset chooses the log's format.
    env: { LOG_FORMAT: '', ...env },
    // The guides name ports, and their commands shall work as they stand.
    ownPort: true,
  })
}

/** What only the application knows, posted as programs in other languages do. */
export async function post(daemon: Pick<RunningDaemon, 'url' | 'dataDir'>, events: readonly object[]): Promise<void> {
  const token = readFileSync(join(daemon.dataDir, 'token'), 'utf8').trim()
  const body = {
    sender: { kind: 'test', name: 'app', version: '1' },
    events: events.map((e) => ({ server: 'app', ...e })),
  }
  const answer = await fetch(`${daemon.url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  })
  expect(await answer.json()).toMatchObject({ accepted: events.length, rejected: [] })
}

export async function callsEcho(daemon: Pick<RunningDaemon, 'url'>): Promise<void> {
  const client = new Client({ name: 'test-client', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(new URL(`${daemon.url}/mcp/everything`)))
  onTestFinished(() => client.close())
  await client.listTools()
  await client.callTool({ name: 'echo', arguments: { message: 'hi' } })
  await client.callTool({ name: 'get-sum', arguments: { a: 'two' } }).catch(() => {})
}

/** As the guides do it: with curl, through a shell. */
export const shell = (command: string) => execFileSync('sh', ['-c', command], { encoding: 'utf8' })
export const scraped = (url: string) => shell(`curl -s ${url}/metrics`)

/** The JSON lines on its standard output that have this value. */
export const logged = (daemon: RunningDaemon, key: string, value: string) =>
  daemon.lines().filter((line) => line[key] === value)

export async function logs(daemon: RunningDaemon, expected: RegExp): Promise<void> {
  await until(
    () => expected.test(daemon.stdout()),
    10_000,
    () => `no ${expected} in:\n${daemon.stdout()}`,
  )
}

export async function shows(url: string, lines: readonly string[]): Promise<void> {
  let text = ''
  const missing = () => lines.filter((line) => !text.split('\n').includes(line))
  await until(
    () => {
      text = scraped(url)
      return missing().length === 0
    },
    10_000,
    () => `missing: ${missing().join('\n')}\nin:\n${text}`,
  )
}

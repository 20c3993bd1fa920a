import { expect, test } from 'vitest'
import { start, wrapped } from '../e2e/wrapped.js'
import { askStore, spoolFiles, startDaemonProcess, temporaryDir } from './daemon-process.js'
import { eventually } from './wrap-client.js'

const ECHO = `
  let rest = ''
  process.stdin.setEncoding('utf8').on('data', (chunk) => {
    const lines = (rest + chunk).split('\\n')
    rest = lines.pop()
    for (const line of lines) console.log(JSON.stringify({ jsonrpc: '2.0', id: JSON.parse(line).id, result: {} }))
  })`
const RESTARTS = 5
/** Calls under each daemon, and as many while there is none. */
const CALLS = 60

test('a daemon restarted five times while calls run: each call has one row for its end, and no more than one for its start', {
  timeout: 120_000,
}, async () => {
  const dataDir = temporaryDir()
  const running = start(wrapped([process.execPath, '-e', ECHO]), dataDir)
  let calls = 0
  const call = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const id = ++calls
      await running.ask(JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: `tool-${id}` } }))
    }
  }
  for (let restart = 0; restart < RESTARTS; restart++) {
    const daemon = startDaemonProcess(dataDir)
    await Promise.all([daemon.listening, call(CALLS)])
    await Promise.all([daemon.end(restart % 2 === 0 ? 'SIGKILL' : 'SIGTERM'), call(CALLS)])
  }
  running.process.stdin.end()
  await running.ended
  const last = startDaemonProcess(dataDir)
  await last.listening
  await eventually(
    () => spoolFiles(dataDir).length === 0,
    () => `spools are left: ${spoolFiles(dataDir)}`,
  )
  await last.end('SIGTERM')
  const [rows] = askStore<Readonly<Record<string, string | number>>>(
    dataDir,
    `SELECT type, count(*) AS count, count(DISTINCT body ->> 'operation') AS operations,
       count(DISTINCT body ->> 'name') AS names
     FROM events WHERE type LIKE 'request.%' GROUP BY type ORDER BY type`,
  )
  // Where nothing came between, the end tells of the start; where something did, each has its row.
  const [ended, started, ...others] = rows ?? []
  expect([ended, others]).toEqual([{ type: 'request.ended', count: calls, operations: calls, names: calls }, []])
  expect(started?.operations ?? 0).toBe(started?.count ?? 0)
})

/** The doctor on this machine: Node, the configuration, ports, the state directory, the clock. */
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { openDataDir } from '../../../packages/server/src/datadir/index.js'
import { DIAGNOSES, meetDaemon } from '../../../packages/server/src/doctor/index.js'
import { findings, patient } from '../../fixtures/patient.js'
import { promises } from '../../requirements.js'

let home = ''
beforeEach(() => {
  const made = mkdtempSync(join(tmpdir(), 'mcp-vitals-doctor-'))
  home = made
  // After what a test itself takes back, such as a disk in it.
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
})

const never = new AbortController().signal

test('names of diagnoses are words for programs, each once, and each says what it finds', () => {
  const names = DIAGNOSES.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  for (const { name, finds } of DIAGNOSES) {
    expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/)
    expect(finds.length, name).toBeGreaterThan(0)
  }
})

test.each([
  ['18.20.4', 'error', /Node 18\.20\.4 is too old: 20 is the least/],
  ['23.1.0', 'note', /odd number/],
  ['24.0.0', undefined, /./],
])('Node %s: %s', async (nodeVersion, severity, problem) => {
  const found = await findings('node', patient(home, { nodeVersion }))
  expect(found.map((finding) => finding.severity)).toEqual(severity === undefined ? [] : [severity])
  if (severity !== undefined) expect(found[0]!.problem).toMatch(problem)
})

test('a configuration is told of with every fault at once, and a valid example', async () => {
  const file = join(home, 'mine.json')
  writeFileSync(file, JSON.stringify({ servers: { notes: { comand: 'npx' } }, listen: { port: 99_999 } }))
  const [finding] = await findings('configuration', patient(home, { load: { file, env: {} } }))
  expect(finding).toMatchObject({ severity: 'error', problem: 'The configuration is not valid:' })
  expect(finding!.evidence.join('\n')).toMatch(/mine\.json:\d+:\d+: servers\.notes\.comand[^\n]*did you mean "command"/)
  expect(finding!.evidence.join('\n')).toMatch(/listen\.port is 99999/)
  expect(finding!.fix.join('\n')).toMatch(/\{ "(listen|servers)"/)
})

describe('ports', () => {
  /** Another program that listens: a process of its own. */
  async function held(): Promise<{ readonly port: number; readonly pid: number }> {
    const script =
      "const s = require('net').createServer().listen(0, '127.0.0.1', () => console.log(s.address().port)) // --token=hunter2hunter2"
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    const port = await new Promise<string>((resolve) => child.stdout.once('data', (data) => resolve(String(data))))
    return { port: Number(port), pid: child.pid! }
  }

  test(promises('C13.trouble.port-taken'), async () => {
    const { port, pid } = await held()
    const env = { METRICS_PORT: String(port), MCP_VITALS_PORT: '0' }
    const [finding, ...more] = await findings('ports', patient(home, { load: { env } }))
    expect(more).toEqual([])
    expect(finding).toMatchObject({
      severity: 'error',
      problem: `Port ${port} on 127.0.0.1 is in use by node (process ${pid}).`,
    })
    expect(finding!.evidence.join()).toContain(`process ${pid}: `)
    expect(finding!.evidence.join()).not.toContain('hunter2hunter2')
    const [, other] = /^METRICS_PORT=(\d+) mcp-vitals up$/m.exec(finding!.fix.join('\n'))!
    expect(await findings('ports', patient(home, { load: { env: { ...env, METRICS_PORT: other! } } }))).toEqual([])
  })

  test('the port that our own daemon has is no trouble, and the same port of another daemon is', async () => {
    const { port, pid } = await held()
    const load = { env: { MCP_VITALS_PORT: String(port) } }
    const daemon = { url: `http://127.0.0.1:${port}`, pid, startedAt: 0, is: 'answers' } as const
    expect(await findings('ports', patient(home, { load, daemon }))).toEqual([])
    const [finding] = await findings('ports', patient(home, { load, daemon: { ...daemon, pid: process.pid } }))
    expect(finding!.fix).toContainEqual(expect.stringMatching(/^mcp-vitals up --port \d+$/))
  })

  test('an address that this machine does not have', async () => {
    const port = '19464'
    const [finding] = await findings(
      'ports',
      patient(home, {
        load: {
          env: {
            MCP_VITALS_HOST: '192.0.2.1',
            MCP_VITALS_PORT: port,
            MCP_VITALS_KEYS: 'true',
            MCP_VITALS_ADMIN_TOKEN: 'x'.repeat(40),
          },
        },
      }),
    )
    expect(finding).toMatchObject({ severity: 'error', problem: `The daemon cannot listen on 192.0.2.1:${port}.` })
    expect(finding!.evidence).toEqual(['listening there failed: EADDRNOTAVAIL'])
  })
})

describe('the state directory', () => {
  const disk = (options: string) => {
    const dir = join(home, 'disk')
    mkdirSync(dir)
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', dir])
    onTestFinished(() => void execFileSync('umount', ['-l', dir]))
    return dir
  }

  test('one that is not there is not made by looking, and nothing is wrong', async () => {
    const one = patient(home)
    expect(await findings('state-directory', one)).toEqual([])
    expect(existsSync(one.dataDir)).toBe(false)
  })

  test('a disk that is full, and one that is nearly full', async () => {
    const dir = disk('size=256k,mode=700')
    writeFileSync(join(dir, 'most'), Buffer.alloc(248 * 1024))
    const [nearly] = await findings('state-directory', patient(home, { dataDir: dir }))
    expect(nearly).toMatchObject({ severity: 'warning', problem: `The disk of ${dir} is nearly full.` })
    writeFileSync(join(dir, 'rest'), Buffer.alloc(8 * 1024))
    const full = await findings('state-directory', patient(home, { dataDir: dir }))
    expect(full.map(({ problem }) => problem)).toEqual([
      `The state directory ${dir} cannot be used: the disk is full.`,
      `The disk of ${dir} is full.`,
    ])
    expect(full.every(({ severity }) => severity === 'error')).toBe(true)
  })

  test('a read-only file system', async () => {
    const dir = disk('size=1m,mode=700')
    execFileSync('mount', ['-o', 'remount,ro', dir])
    const [finding] = await findings('state-directory', patient(home, { dataDir: dir }))
    expect(finding).toMatchObject({
      severity: 'error',
      problem: `The state directory ${dir} cannot be used: the file system is read-only.`,
    })
    const [below] = await findings('state-directory', patient(home, { dataDir: join(dir, 'below') }))
    expect(below).toMatchObject({ severity: 'error', evidence: [`${dir} is on a read-only file system`] })
  })

  test('rights of other users, another owner, and a file in its place', async () => {
    const dir = join(home, 'open')
    mkdirSync(dir)
    chmodSync(dir, 0o777)
    const [open] = await findings('state-directory', patient(home, { dataDir: dir }))
    expect(open).toMatchObject({ severity: 'error', problem: `${dir} is open to other users (mode 777).` })
    expect(open!.fix.join()).toContain('chmod 700')
    chmodSync(dir, 0o700)
    execFileSync('chown', ['65534', dir])
    const [foreign] = await findings('state-directory', patient(home, { dataDir: dir }))
    expect(foreign).toMatchObject({ problem: `The state directory ${dir} belongs to another user.` })
    writeFileSync(join(home, 'file'), '')
    const [file] = await findings('state-directory', patient(home, { dataDir: join(home, 'file') }))
    expect(file!.problem).toContain('there is a file of that name')
  })

  test('a lock that is held by who does not answer, and what a daemon that was killed left', async () => {
    const dataDir = join(home, 'state')
    const opened = await openDataDir(dataDir)
    const release = await opened.lock()
    const [locked] = await findings('state-directory', patient(home, { dataDir }))
    expect(locked).toMatchObject({
      severity: 'error',
      evidence: ['its lock is held, and no daemon has announced an address'],
    })
    expect(locked!.fix[0]).toBe(`kill ${process.pid}`)
    await release()
    expect(await findings('state-directory', patient(home, { dataDir }))).toEqual([])

    const gone = spawn(process.execPath, ['-e', ''])
    await new Promise((resolve) => gone.once('close', resolve))
    await opened.announce({ url: 'http://127.0.0.1:1', pid: gone.pid! })
    const daemon = await meetDaemon(dataDir, never)
    expect(daemon).toMatchObject({ is: 'gone', pid: gone.pid })
    const [left] = await findings('state-directory', patient(home, { dataDir, daemon }))
    expect(left).toMatchObject({
      severity: 'warning',
      problem: `The daemon that ran here last (process ${gone.pid}) did not end by itself.`,
    })
    await opened.announce({ url: 'http://127.0.0.1:1', pid: process.pid })
    const other = await meetDaemon(dataDir, never)
    expect(other).toMatchObject({ is: 'silent' })
    const [reused] = await findings('state-directory', patient(home, { dataDir, daemon: other }))
    expect(reused!.evidence).toContain(`process ${process.pid} is another program now`)
  })
})

describe('the clock', () => {
  /** A server whose clock is that much behind ours. */
  async function behind(ms: number): Promise<string> {
    const server = createServer((_, response) => {
      response.sendDate = false
      response.writeHead(405, { date: new Date(Date.now() - ms).toUTCString() }).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
  }
  const at = (url: string) => ({ url, headers: {}, transport: 'http' }) as const
  const off = /apart|is off/

  test('as others have it: nothing', async () => {
    const found = await findings('clock', patient(home, { servers: { near: at(await behind(0)) } }))
    expect(found.filter(({ problem }) => off.test(problem))).toEqual([])
  })

  test('apart from one other by an hour: who of both is wrong cannot be known', async () => {
    const servers = { near: at(await behind(0)), far: at(await behind(3_600_000)) }
    const [finding] = await findings('clock', patient(home, { servers }))
    expect(finding).toMatchObject({ severity: 'error' })
    expect(finding!.problem).toMatch(
      /^The clock of this machine and that of http:\/\/127\.0\.0\.1:\d+ are 60 min apart\.$/,
    )
  })

  test('apart from all others: it is ours', async () => {
    const servers = { one: at(await behind(20_000)), two: at(await behind(20_000)) }
    const [finding] = await findings('clock', patient(home, { servers }))
    expect(finding).toMatchObject({ severity: 'warning' })
    expect(finding!.problem).toMatch(/^The clock of this machine is off by (19|20|21)(\.\d)? s\.$/)
    expect(finding!.evidence[0]).toMatch(/ahead of http/)
  })

  test('set by hours since the daemon started: known by how long it says to run', async () => {
    const server = createServer((_, response) => void response.end('{"uptime":10}'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const daemon = {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      pid: process.pid,
      startedAt: Date.now() - 10_810_000,
      is: 'answers',
    } as const
    const found = await findings('clock', patient(home, { daemon }))
    expect(found.map(({ problem }) => problem)).toContainEqual(
      expect.stringMatching(/^The clock was set by 3 h since the daemon started\.$/),
    )
    const well = await findings('clock', patient(home, { daemon: { ...daemon, startedAt: Date.now() - 9_900 } }))
    expect(well.map(({ problem }) => problem).join()).not.toContain('was set by')
  })
})

import { spawn } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { event } from '../../../packages/instrument/src/event/index.js'
import { createRegistry, expose } from '../../../packages/instrument/src/metrics/index.js'
import { createHost } from '../../../packages/server/src/host/index.js'
import { parseDisks, parseMemory, parseNetwork, wholeDisks } from '../../../packages/server/src/host/machine.js'
import { parseStat, startedAt } from '../../../packages/server/src/host/processes.js'
import { until } from '../../fixtures/until.js'
import { sampleValue } from '../metrics/read-exposition.js'

const DISKS = `   7       0 loop0 17 0 86 4 0 0 0 0 0 8 4
   8       0 sda 1000 5 2000 1 300 4 4000 9 0 50 60 0 0 0 0
   8       1 sda1 900 5 1900 1 200 4 3900 9 0 50 60 0 0 0 0
 259       0 nvme0n1 10 0 8 1 10 0 16 1 0 1 1
 259       1 nvme0n1p1 10 0 8 1 10 0 16 1 0 1 1
 253       0 dm-0 10 0 800 1 10 0 1600 1 0 1 1
`
const NETWORK = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:  999999       1    0    0    0     0          0         0   999999       1    0    0    0     0       0          0
  eth0: 1234567      10    0    0    0     0          0         0    89012      20    0    0    0     0       0          0
wlan0:1 10    0    0    0     0          0         0    2      20    0    0    0     0       0          0
`

describe("the machine's counters", () => {
  it('count each disk once, without its parts and what lies upon it', () => {
    expect([...wholeDisks(DISKS)]).toEqual(['sda', 'nvme0n1'])
    expect(parseDisks(DISKS, wholeDisks(DISKS))).toEqual({ read: 2008 * 512, write: 4016 * 512 })
  })

  it('count every interface but the loopback', () => {
    expect(parseNetwork(NETWORK)).toEqual({ receive: 1_234_568, transmit: 89_014 })
  })

  it('take for used what could not be given', () => {
    expect(parseMemory('MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable:   600 kB\n')).toEqual({
      usedBytes: 400 * 1024,
      availableBytes: 600 * 1024,
    })
    expect(parseMemory('MemTotal: 1000 kB\n')).toBeUndefined()
  })
})

describe('the reading of a process', () => {
  it('survives any name', () => {
    const after = `S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 1 0 12345 999 64 ${'0 '.repeat(20)}`
    expect(parseStat(`77 (evil) R 1 (x) ${after}`, 4096)).toEqual({
      startTicks: 12_345,
      cpuSeconds: 2,
      memoryBytes: 64 * 4096,
    })
    expect(parseStat('', 4096)).toBeUndefined()
  })

  it('is that of the process which was told of, and of no other with its id', () => {
    expect(startedAt(1_000_500, { startTicks: 50 }, 1_000_000)).toBe(true)
    expect(startedAt(1_060_500, { startTicks: 50 }, 1_000_000)).toBe(false)
  })
})

describe('a server process (on Linux, which alone has /proc)', () => {
  it('is measured with what it started while it runs, by its server, at collections', async () => {
    const program = `const { spawn } = require('node:child_process')
      spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' })
      while (process.cpuUsage().user < 300_000);
      process.stdin.resume().on('end', () => process.kill(0, 'SIGKILL'))`
    const child = spawn(process.execPath, ['-e', program], { detached: true, stdio: ['pipe', 'ignore', 'inherit'] })
    const pid = child.pid!
    const registry = createRegistry()
    const host = createHost(() => performance.now())
    host.expose(registry)
    const tell = (server: string, at: number) =>
      host.fold.fold(event('process.started', at, { server }, { pid }), server === 'far' ? 'ingest:far' : 'local')
    tell('files', Date.now())
    // The same id on another machine, an hour ago.
    tell('far', Date.now() - 3_600_000)
    const value = (name: string, server = 'files') => sampleValue(expose(registry), name, { server })
    try {
      await until(
        () => value('mcp_server_processes') === 2 && value('mcp_server_cpu_seconds_total')! > 0.2,
        20_000,
        () => expose(registry),
      )
      expect(value('mcp_server_memory_usage_bytes')).toBeGreaterThan(1e7)
      expect(value('mcp_server_processes', 'far')).toBeUndefined()
    } finally {
      child.stdin.end()
      await new Promise((resolve) => child.once('exit', resolve))
    }
    const before = value('mcp_server_cpu_seconds_total')
    await until(
      () => value('mcp_server_processes') === 0,
      20_000,
      () => expose(registry),
    )
    expect(value('mcp_server_cpu_seconds_total')).toBe(before)
    expect(value('mcp_server_memory_usage_bytes')).toBe(0)
    host.stop()
  })
})

it('all gauges of this process and its machine are there from the first collection', () => {
  const registry = createRegistry()
  const host = createHost(() => performance.now())
  host.expose(registry)
  const text = expose(registry)
  for (const name of ['memory_usage_bytes', 'cpu_usage_percent', 'uptime_seconds', 'host_uptime_seconds'])
    expect(sampleValue(text, `mcp_${name}`)).toBeGreaterThan(0)
  for (const direction of ['read', 'write'])
    expect(sampleValue(text, 'mcp_disk_io_bytes_per_second', { direction })).toBe(0)
  host.stop()
})

/** Debian's Prometheus with series of ours in it: what our engine is compared with. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** The bits of a staleness marker, as a double in little-endian order. */
const STALE = Buffer.from('020000000000f07f', 'hex')
/** Most bytes of one literal in a snappy block, and most series in one request. */
const MAX_LITERAL = 65_536
const MAX_SERIES = 500
/** Prometheus takes samples that are up to an hour older than its newest, so series are written side by side. */
const SLICE_MS = 1_800_000

/**
 * Starts Prometheus on a port that the system gives, or on `port`, with `config` as its file and `args` beside the usual
 * ones; it rejects when Prometheus ends before it is ready. Its data lie in `dataDir`; `stop` ends it and deletes them.
 * `kill` ends it at once and leaves them in `folder`, with which it can be started again.
 */
export async function startPrometheus({ config = {}, args = [], port = 0, folder = newFolder() } = {}) {
  // JSON is YAML.
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config))
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      '--storage.tsdb.retention.time=100y',
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.format=json',
      ...args,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const ended = new Promise((resolve) => child.once('close', resolve))
  const stop = async () => {
    child.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  const printed = []
  let address
  // Which of the two it says first is left to chance.
  let isReady = false
  const api = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`prometheus ended with ${code}:\n${printed.join('\n')}`)))
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (printed.push(line) > 100) printed.shift()
      address ??= /"address":"(127\.0\.0\.1:[1-9]\d*)"/.exec(line)?.[1]
      isReady ||= line.includes('Server is ready')
      if (address && isReady) resolve(`http://${address}`)
    })
  })
  const kill = async () => {
    child.kill('SIGKILL')
    await ended
  }
  return { api, folder, dataDir: join(folder, 'data'), stop, kill }
}

function newFolder() {
  return mkdtempSync(join(tmpdir(), 'mcp-vitals-prometheus-'))
}

/** Writes series, as the engine takes them, through the receiver of remote writes (`--web.enable-remote-write-receiver`). */
export async function writeSeries(api, series) {
  const times = series.flatMap((one) => [one.times[0], one.times.at(-1)]).filter((time) => time !== undefined)
  const [first, last] = [Math.min(...times), Math.max(...times)]
  for (let startMs = first; startMs <= last; startMs += SLICE_MS)
    for (let from = 0; from < series.length; from += MAX_SERIES) {
      const slices = series.slice(from, from + MAX_SERIES).map((one) => samplesIn(one, startMs, startMs + SLICE_MS))
      await post(
        api,
        slices.filter(({ samples }) => samples.length > 0),
      )
    }
}

/** The samples and markers of a series in `[startMs, endMs)`, in the order of time. */
function samplesIn({ labels, times, values, staleTimes = [] }, startMs, endMs) {
  const samples = []
  for (let at = 0; at < times.length; at++)
    if (times[at] >= startMs && times[at] < endMs) samples.push({ timeMs: times[at], value: values[at] })
  for (const timeMs of staleTimes) if (timeMs >= startMs && timeMs < endMs) samples.push({ timeMs })
  return { labels, samples: samples.sort((a, b) => a.timeMs - b.timeMs) }
}

async function post(api, series) {
  if (series.length === 0) return
  const body = snappy(Buffer.concat(series.map((one) => field(1, timeSeries(one)))))
  const headers = { 'content-encoding': 'snappy', 'content-type': 'application/x-protobuf' }
  const response = await fetch(`${api}/api/v1/write`, { method: 'POST', body, headers })
  if (response.status !== 204)
    throw new Error(`Prometheus refused samples: ${response.status} ${await response.text()}`)
}

/** A TimeSeries of Prometheus's remote write protocol, in Protocol Buffers. */
function timeSeries({ labels, samples }) {
  const names = Object.keys(labels).sort()
  const pairs = names.map((name) => field(1, Buffer.concat([text(1, name), text(2, labels[name])])))
  const points = samples.map(({ timeMs, value }) => {
    const number = value === undefined ? STALE : Buffer.alloc(8)
    if (value !== undefined) number.writeDoubleLE(value)
    return field(2, Buffer.concat([Buffer.from([9]), number, Buffer.from([16]), varint(timeMs)]))
  })
  return Buffer.concat([...pairs, ...points])
}

const text = (number, value) => field(number, Buffer.from(value))
const field = (number, bytes) => Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes])

function varint(value) {
  const bytes = []
  let left = BigInt(value)
  for (; left >= 0x80n; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80)
  return Buffer.from([...bytes, Number(left)])
}

/** A block of snappy that packs nothing: literals alone. */
function snappy(bytes) {
  const parts = [varint(bytes.length)]
  for (let at = 0; at < bytes.length; at += MAX_LITERAL) {
    const literal = bytes.subarray(at, at + MAX_LITERAL)
    const size = Buffer.alloc(2)
    size.writeUInt16LE(literal.length - 1)
    parts.push(Buffer.from([61 << 2]), size, literal)
  }
  return Buffer.concat(parts)
}

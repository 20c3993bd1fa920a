/** Simulated calls of one tool, and faults in them: for the bench of anomalies, its short slices in tests, and its long run. */

/** Seeded numbers: sfc32, whose quality the rare events of long runs need; uniform (never 0 or 1), normal, exponential. */
export function random(seed) {
  let [a, b, c, count] = [seed | 0, 0x9e3779b9 | 0, 0x243f6a88 | 0, 1]
  const next = () => {
    const sum = (((a + b) | 0) + count) | 0
    count = (count + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum >>> 0
  }
  for (let round = 0; round < 20; round++) next()
  const uniform = () => (next() + 0.5) / 4_294_967_296
  let spare
  const normal = () => {
    if (spare !== undefined) {
      const kept = spare
      spare = undefined
      return kept
    }
    const radius = Math.sqrt(-2 * Math.log(uniform()))
    const angle = 2 * Math.PI * uniform()
    spare = radius * Math.sin(angle)
    return radius * Math.cos(angle)
  }
  return { uniform, normal, exponential: () => -Math.log(uniform()) }
}

export const DAY_MS = 86_400_000
const wave = (at) => Math.sin((2 * Math.PI * at) / DAY_MS)

/** Kinds of traffic, all of one call a second on average: what each call is like at a time. */
export const TRAFFIC = {
  'lognormal, σ = 0.5': ({ normal, uniform, exponential }) => ({
    gapMs: () => 1000 * exponential(),
    durationMs: () => 80 * Math.exp(0.5 * normal()),
    sizeBytes: () => 2000 * Math.exp(0.7 * normal()),
    hasFailed: () => uniform() < 0.01,
  }),
  'lognormal, σ = 1': ({ normal, uniform, exponential }) => ({
    gapMs: () => 1000 * exponential(),
    durationMs: () => 80 * Math.exp(normal()),
    sizeBytes: () => 2000 * Math.exp(normal()),
    hasFailed: () => uniform() < 0.01,
  }),
  bimodal: ({ normal, uniform, exponential }) => ({
    gapMs: () => (uniform() < 0.8 ? 250 : 4000) * exponential(),
    durationMs: () => (uniform() < 0.8 ? 5 * Math.exp(0.3 * normal()) : 120 * Math.exp(0.5 * normal())),
    sizeBytes: () => (uniform() < 0.5 ? 200 : 9000 * Math.exp(0.3 * normal())),
    hasFailed: () => uniform() < 0.02,
  }),
  'daily cycle': ({ normal, uniform, exponential }) => ({
    gapMs: (at) => (1000 * exponential()) / (1 + 0.8 * wave(at)),
    durationMs: (at) => 80 * Math.exp(0.5 * normal() + 0.4 * wave(at)),
    sizeBytes: () => 2000 * Math.exp(0.7 * normal()),
    hasFailed: (at) => uniform() < 0.01 * (1 + 0.5 * wave(at)),
  }),
  regular: ({ normal }) => ({
    gapMs: () => 1000 * Math.exp(0.1 * normal()),
    durationMs: () => 80 * Math.exp(0.1 * normal()),
    sizeBytes: () => 500,
    hasFailed: () => false,
  }),
}

const lognormal = (sigma) => TRAFFIC[`lognormal, σ = ${sigma}`]

/** Faults after 500 calls of history: the traffic, what becomes of it, the signal that tells, and within how many calls. */
export const FAULTS = [
  { name: 'errors 1 → 20 %', traffic: lognormal(0.5), signal: 'errors', within: 60, becomes: { failed: 0.2 } },
  { name: 'errors 1 → 5 %', traffic: lognormal(0.5), signal: 'errors', within: 600, becomes: { failed: 0.05 } },
  { name: 'latency × 2, σ = 0.5', traffic: lognormal(0.5), signal: 'latency', within: 30, becomes: { slower: 2 } },
  { name: 'latency × 2, σ = 1', traffic: lognormal(1), signal: 'latency', within: 100, becomes: { slower: 2 } },
]

const call = (at, { hasFailed, durationMs, sizeBytes }) => ({
  v: 1,
  type: 'request.ended',
  at,
  server: 'notes',
  direction: 'client_to_server',
  method: 'tools/call',
  name: 'search',
  operation: 'o',
  outcome: hasFailed ? 'tool_error' : 'ok',
  status: hasFailed ? 500 : 200,
  durationMs,
  requestBytes: 100,
  responseBytes: Math.round(sizeBytes),
})

/** Calls of one tool, one after another; `becomes` may be changed between them. */
export function simulate({ detector, traffic, seed, becomes = {} }) {
  const numbers = random(seed)
  const kind = traffic(numbers)
  let at = 0
  return {
    becomes,
    get at() {
      return at
    },
    /** One call: findings of the silence before it, second by second, and its own. */
    step() {
      const next = at + kind.gapMs(at) * (this.becomes.gaps?.(at) ?? 1)
      const found = []
      // Nothing looks for a silence in the first 2 s after a call.
      if (next - at > 2000)
        for (let now = Math.ceil((at + 2000) / 1000) * 1000; now < next; now += 1000) found.push(...detector.look(now))
      at = next
      const { failed, slower = 1 } = this.becomes
      const usual = kind.hasFailed(at)
      const event = call(at, {
        hasFailed: failed === undefined ? usual : numbers.uniform() < failed,
        durationMs: kind.durationMs(at) * slower,
        sizeBytes: kind.sizeBytes(at),
      })
      const shown = detector.see(event)
      return found.length === 0 ? shown : [...found, ...shown]
    },
  }
}

/** Everything found in traffic without a fault. */
export function falseAlarms({ detector, traffic, seed, days }) {
  const run = simulate({ detector, traffic, seed })
  const found = []
  let calls = 0
  while (run.at < days * DAY_MS) {
    for (const finding of run.step()) if (finding.stage === 'found') found.push({ ...finding, at: run.at })
    calls++
  }
  return { found, calls }
}

/** Calls from the fault on until it is found, by its own signal; infinite after ten times what is allowed. */
export function callsToFind(detector, { traffic, signal, within, becomes }, seed) {
  const run = simulate({ detector, traffic, seed })
  for (let calls = 0; calls < 500; calls++) run.step()
  run.becomes = becomes
  for (let calls = 1; calls <= 10 * within; calls++)
    if (run.step().some((finding) => finding.signal === signal && finding.stage === 'found')) return calls
  return Number.POSITIVE_INFINITY
}

/** How long after the last of 500 calls the silence is found: in milliseconds, and what was usual. */
export function silenceToFind(detector, traffic, seed) {
  const run = simulate({ detector, traffic, seed })
  for (let calls = 0; calls < 500; calls++) run.step()
  for (let waitedMs = 0; ; waitedMs += 100) {
    const silence = detector.look(run.at + waitedMs).find(({ signal }) => signal === 'silence')
    if (silence) return { waitedMs, usualMs: silence.usual }
  }
}

/** From two to three at night, when a job calls. */
const isJobTime = (at) => Math.floor((at % DAY_MS) / 3_600_000) === 2

/**
 * A job of an hour that came each night for `days` days, ten times the calls of the day, and comes no more: how long after
 * its time that is found, in minutes; infinite where it is not found in its hour or the next.
 */
export function volumeToFind(detector, seed, days) {
  const becomes = { gaps: (at) => (isJobTime(at) ? 0.5 : 5) }
  const run = simulate({ detector, traffic: lognormal(0.5), seed, becomes })
  const time = days * DAY_MS + 2 * 3_600_000
  while (run.at < time) run.step()
  run.becomes = { gaps: () => 5 }
  while (run.at < time + 2 * 3_600_000)
    if (run.step().some(({ signal, stage }) => signal === 'volume' && stage === 'found'))
      return (run.at - time) / 60_000
  return Number.POSITIVE_INFINITY
}

/** The smallest of values below which at least the share `q` of them lies. */
export function quantile(values, q) {
  return values.toSorted((a, b) => a - b)[Math.ceil(q * values.length) - 1]
}

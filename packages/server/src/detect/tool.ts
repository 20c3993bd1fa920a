import type { Finding, Severity, Signal } from './finding.js'
import { LevelDetector, type LevelOptions } from './level.js'
import { SeasonDetector } from './season.js'
import { ShareDetector } from './share.js'
import { Silence } from './silence.js'

/** What lasts so many calls, or so long, is the usual from then on. */
const ADOPTED_CALLS = 2000
const ADOPTED_MS = 86_400_000
/** How long a silence may last is reckoned anew once in so many calls. */
const RECKON_CALLS = 16

/** From 0.05 ms to 4 minutes, in steps of 3 %. */
const LATENCY = {
  scale: { smallest: 0.05, binWidth: 0.03, bins: 512 },
  directions: ['up'],
  leastRatio: 1.3,
} as const satisfies LevelOptions
/** From 8 B to 37 MB. */
const SIZE = {
  scale: { smallest: 8, binWidth: 0.03, bins: 512 },
  directions: ['up', 'down'],
  leastRatio: 1.5,
} as const satisfies LevelOptions
/** From 1 ms to two months. */
const GAP = {
  scale: { smallest: 1, binWidth: 0.04, bins: 560 },
  directions: ['up', 'down'],
  leastRatio: 2,
} as const satisfies LevelOptions

/** Length of the times whose calls are counted, milliseconds, and the most such times without a call that are counted as such. */
const SLOT_MS = 300_000
const MOST_EMPTY_SLOTS = 288
/** Standard deviations, calls in five minutes, and ratio from which on a number of calls is worth a word. */
export const VOLUME_THRESHOLD = 5
const LEAST_VOLUME_CHANGE = 10
const LEAST_VOLUME_RATIO = 2
/**
 * Share of the five minutes of late in which calls came, from which on their number is looked at: what is called in bursts
 * has no usual number. It is taken over so many of them: two days.
 */
const STEADY_SHARE = 0.8
const STEADY_LIFETIME = 576

/** Seen by usual (or usual by seen) from which on it is far out. */
const FAR_LATENCY = 5
const FAR_SIZE = 10
const FAR_RATE = 10
const FAR_VOLUME = 10
const FAR_SHARE = 0.5
/** Usual gaps of silence, of a tool that is called regularly. */
const FAR_SILENCE = 30

/** One call of a tool that ended. */
export interface Call {
  /** When it ended, milliseconds. Those of one tool come in any order; what is earlier than the newest has a gap of 0. */
  readonly at: number
  /** `withdrawn`: by the caller itself, which tells nothing of the tool. */
  readonly result: 'ok' | 'failed' | 'withdrawn'
  /** Looked at where the result is `ok`. */
  readonly durationMs: number
  /** Size of the result; 0 where it is not known. Looked at where the result is `ok`. */
  readonly sizeBytes: number
  readonly session: string | undefined
}

/** What is unusual now of one signal. */
interface Unusual {
  readonly signal: Signal
  severity: Severity
  readonly sinceMs: number
  readonly usual: number
  calls: number
}

/** What the detectors of levels and of shares have in common. */
interface Detector {
  /** The last values, while they are unusual. */
  readonly recent: number
  restart(): void
}

/** What a detector tells of a value. */
type Verdict = { readonly usual: number; readonly seen: number; readonly calls: number } | 'over' | undefined

const FAR: Partial<Record<Signal, number>> = {
  ...{ latency: FAR_LATENCY, size: FAR_SIZE, rate: FAR_RATE, volume: FAR_VOLUME },
}

/** How far out it is. A tool that is called more rarely is told of by its silence, when that is far out. */
function severityOf(signal: Signal, usual: number, seen: number): Severity {
  if (signal === 'errors') return seen >= FAR_SHARE ? 'HIGH' : 'MEDIUM'
  const ratio =
    signal === 'rate' ? usual / seen : signal === 'volume' ? seen / usual : Math.max(usual / seen, seen / usual)
  return ratio >= (FAR[signal] ?? Number.POSITIVE_INFINITY) ? 'HIGH' : 'MEDIUM'
}

function worse({ signal, severity, usual, calls }: Unusual, seen: number): Finding {
  return { signal, stage: 'worse', severity, usual, seen, calls }
}

/** Watches one tool: what is usual of it, and what is not. Constant memory, about 14 kB. */
export class ToolWatch {
  readonly #latency = new LevelDetector(LATENCY)
  readonly #size = new LevelDetector(SIZE)
  readonly #gap = new LevelDetector(GAP)
  readonly #errors = new ShareDetector()
  readonly #silence = new Silence()
  readonly #volume = new SeasonDetector(VOLUME_THRESHOLD)
  /** Number of the five minutes that run, since 1970, and the calls in them; the first, of which only a part was seen, has none. */
  #slot: number | undefined
  #slotCalls = Number.NaN
  #slotsWithCalls = 1
  readonly #unusual = new Map<Signal, Unusual>()
  #lastAt: number | undefined
  /** When the newest call came, by our own clock. */
  #heardAt = 0
  #session: string | undefined
  /** The caller has left in good order: nothing is expected, and the gap until the next call tells nothing. */
  #isLeft = false
  #allowedMs = Number.POSITIVE_INFINITY
  #calls = 0

  /** When the newest call ended, milliseconds. */
  get lastAt(): number {
    return this.#lastAt ?? Number.NEGATIVE_INFINITY
  }

  /** Takes a call that came at `now`, and gives what it shows. */
  add(call: Call, now: number): readonly Finding[] {
    const findings: Finding[] = []
    this.#calls++
    this.#session = call.session
    const isBack = this.#isLeft
    this.#takeGap(call.at, now, findings)
    this.#endSlots(now, isBack, findings)
    this.#slotCalls++
    if (call.result === 'withdrawn') return findings
    this.#take('errors', this.#errors, this.#errors.add(call.result === 'failed'), call.at, findings)
    if (call.result === 'failed') return findings
    this.#take('latency', this.#latency, this.#latency.add(call.durationMs), call.at, findings)
    if (call.sizeBytes > 0) this.#take('size', this.#size, this.#size.add(call.sizeBytes), call.at, findings)
    return findings
  }

  /** Takes that a client ended its session: where the newest call was its own, no other is expected. */
  leave(session: string): void {
    if (session === this.#session) this.pause()
  }

  /** Expects no call before the next one. A silence that was found lasts until then all the same. */
  pause(): void {
    if (!this.#unusual.has('silence')) this.#isLeft = true
  }

  /** Gives what a silence until `now` shows, and the number of calls of late. */
  look(now: number): readonly Finding[] {
    const findings: Finding[] = []
    const silence = this.#silent(now)
    if (silence) findings.push(silence)
    if (!this.#isLeft) this.#endSlots(now, false, findings)
    return findings
  }

  #silent(now: number): Finding | undefined {
    if (this.#lastAt === undefined || this.#isLeft || now - this.#heardAt < this.#allowedMs) return undefined
    const known = this.#unusual.get('silence')
    const gaps = this.#gap.memory
    const usual = known?.usual ?? this.#silence.usualMs(gaps)
    const seen = now - this.#heardAt
    if (!known) return this.#begin('silence', { usual, seen, calls: 0 }, now)
    if (known.severity === 'HIGH' || seen < FAR_SILENCE * usual || !this.#silence.isRegular(gaps)) return undefined
    known.severity = 'HIGH'
    return worse(known, seen)
  }

  #takeGap(at: number, now: number, findings: Finding[]): void {
    const last = this.#lastAt
    this.#lastAt = Math.max(last ?? at, at)
    const heardAt = this.#heardAt
    this.#heardAt = now
    const isLeft = this.#isLeft
    this.#isLeft = false
    if (last === undefined || isLeft) return
    const gapMs = Math.max(0, at - last)
    const silence = this.#unusual.get('silence')
    if (silence) {
      this.#silence.keep(now - heardAt, now)
      findings.push(this.#end('over', silence, now - heardAt))
    }
    this.#take('rate', this.#gap, this.#gap.add(gapMs), at, findings)
    if (silence || this.#calls % RECKON_CALLS === 0) this.#allowedMs = this.#silence.allowedMs(this.#gap.memory, now)
  }

  /** Takes how many calls came in each five minutes that are over by now; `isBack`: none were to be expected since the last. */
  #endSlots(now: number, isBack: boolean, findings: Finding[]): void {
    const slot = Math.floor(now / SLOT_MS)
    const running = this.#slot ?? slot
    if (slot > running) {
      if (!Number.isNaN(this.#slotCalls)) this.#takeVolume(this.#slotCalls, running * SLOT_MS, findings)
      const firstEmpty = isBack ? slot : Math.max(running + 1, slot - MOST_EMPTY_SLOTS)
      for (let empty = firstEmpty; empty < slot; empty++) this.#takeVolume(0, empty * SLOT_MS, findings)
      this.#slotCalls = 0
    }
    this.#slot = Math.max(slot, running)
  }

  #takeVolume(calls: number, at: number, findings: Finding[]): void {
    const verdict = this.#volume.add(calls, at)
    this.#slotsWithCalls += (Math.min(calls, 1) - this.#slotsWithCalls) / STEADY_LIFETIME
    if (verdict === undefined || verdict === 'over') {
      this.#take('volume', this.#volume, verdict, at, findings)
      return
    }
    const { usual, seen, values } = verdict
    const ratio = Math.max(seen / usual, usual / seen)
    const isGreat = Math.abs(seen - usual) >= LEAST_VOLUME_CHANGE && ratio >= LEAST_VOLUME_RATIO
    // Of the same trouble one word is enough.
    const isTold = this.#unusual.has('silence') || this.#unusual.has('rate')
    if (isGreat && !isTold && this.#slotsWithCalls >= STEADY_SHARE)
      this.#take('volume', this.#volume, { usual, seen, calls: Math.round(seen * values) }, at, findings)
  }

  #take(signal: Signal, detector: Detector, verdict: Verdict, at: number, findings: Finding[]): void {
    if (verdict !== undefined && verdict !== 'over') findings.push(this.#begin(signal, verdict, at))
    const unusual = this.#unusual.size > 0 ? this.#unusual.get(signal) : undefined
    if (!unusual) return
    const { recent } = detector
    if (verdict === 'over') {
      findings.push(this.#end('over', unusual, recent))
      return
    }
    unusual.calls++
    if (unusual.calls >= ADOPTED_CALLS || at - unusual.sinceMs >= ADOPTED_MS) {
      detector.restart()
      findings.push(this.#end('adopted', unusual, recent))
    } else if (unusual.severity === 'MEDIUM' && severityOf(signal, unusual.usual, recent) === 'HIGH') {
      unusual.severity = 'HIGH'
      findings.push(worse(unusual, recent))
    }
  }

  #begin(signal: Signal, { usual, seen, calls }: Exclude<Verdict, 'over' | undefined>, at: number): Finding {
    const severity = severityOf(signal, usual, seen)
    this.#unusual.set(signal, { signal, severity, sinceMs: at, usual, calls })
    return { signal, stage: 'found', severity, usual, seen, calls }
  }

  #end(stage: 'over' | 'adopted', { signal, severity, usual, calls }: Unusual, seen: number): Finding {
    this.#unusual.delete(signal)
    return { signal, stage, severity, usual, seen, calls }
  }
}

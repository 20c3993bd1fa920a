import type { Collectable, RuleGroupReadings } from '@mcp-vitals/instrument/metrics'
import { type VitalsError, vitalsError } from '../errors/index.js'
import type { LabelSet } from '../promql/index.js'
import type { RuleReport } from '../rules/index.js'
import type { SeriesOptions, WindowStats } from '../series/index.js'
import type { SampleStore } from '../store/index.js'
import { startThread, type Thread } from '../threads/index.js'
import { createKeeper } from './keeper.js'
import type {
  Answer,
  Call,
  Calls,
  Evaluated,
  Finding,
  GroupStatus,
  Notice,
  QueryOptions,
  Sampled,
  TimedGroup,
  Told,
  When,
} from './protocol.js'
import { createSampler, type TargetState } from './sampler.js'

/** A sample is said to be of its planned time where it is late by this share of the interval at most. */
const TOLERANCE = 0.1
/** Samples that the thread may be behind, before further ones are left out. */
const MAX_BEHIND = 20

/** Queries that may wait; more are refused. */
const MAX_WAITING = 64
const DEFAULT_GRACE_MS = 5000
/** Memory of the thread's own heap, beside the samples. */
const HEAP_MEBIBYTES = 1024
/** Of it, room for young objects. V8 would let it grow to four times that, and queries over many series cost the same. */
const YOUNG_MEBIBYTES = 12

/** Series over time, and what is asked of them. Every rejection is a registered error: PROMQL_… or QUERY_…. */
export interface Engine {
  /** Evaluates an expression of PromQL at one time, or at the steps of a range. */
  query(expr: string, when: When, options?: QueryOptions): Promise<Answer>
  /** The same as the body of an answer of Prometheus's HTTP API. */
  queryBody(expr: string, when: When, options?: QueryOptions): Promise<Uint8Array<ArrayBuffer>>
  labelNames(finding: Finding): Promise<readonly string[]>
  labelValues(label: string, finding: Finding): Promise<readonly string[]>
  series(finding: Finding): Promise<readonly LabelSet[]>
  /**
   * Evaluates these groups of rules from now on, from the first sample on. What is as it was goes on as it is; a rule that
   * keeps name and labels keeps its alerts.
   */
  evaluate(groups: readonly TimedGroup[]): void
  /** The groups of rules and how they are. */
  rules(): Promise<readonly GroupStatus[]>
  /** Begins to sample, with these labels of the target. */
  start(target: LabelSet): void
  stats(): EngineStats
  /** Keeps what is not kept yet, and ends. Idempotent. */
  close(): Promise<void>
}

export interface EngineStats {
  /** The thread's own figures; absent before the first sample. */
  readonly window?: WindowStats
  /** When the newest sample was taken, milliseconds since 1970, and how long it held the main loop. */
  readonly sampledAtMs?: number
  readonly sampleMs?: number
  /** Samples that were not taken since the thread was behind. */
  readonly skipped: number
  /** Blocks that could not be kept on disk. */
  readonly lostBlocks: number
  /** Queries that ended, by how. */
  readonly queries: Readonly<Record<string, number>>
  readonly waiting: number
  readonly restarts: number
  /** Groups of rules that were evaluated, by `file;name`. */
  readonly groups: Readonly<Record<string, RuleGroupReadings>>
}

export interface EngineSetup {
  readonly options: SeriesOptions
  /** What is sampled, and what rules read. */
  readonly source: Collectable
  /** The metrics with all their labels that `source` shows with fewer; absent where it shows all. */
  readonly full?: Collectable
  /** What `up` says, beside the target itself. */
  readonly targets: () => readonly TargetState[]
  readonly store: SampleStore
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Told of what went wrong without a caller. Must not throw. */
  readonly onFault: (error: VitalsError) => void
  /**
   * Told what each evaluation of an alerting rule came to, but for the second and further times that it has nothing to say.
   * Must not throw.
   */
  readonly onReport?: (report: RuleReport) => void
  /** Default: the thread's own program. */
  readonly program?: URL
  /** How long beyond the time of one query the thread may say nothing before it is ended, in milliseconds. Default 5,000. */
  readonly graceMs?: number
}

/** Starts the thread, and restores what was kept; queries that come before wait for that. */
export function openEngine(setup: EngineSetup): Engine {
  return new ThreadedEngine(setup)
}

class ThreadedEngine implements Engine {
  readonly #setup: EngineSetup
  readonly #keeper: ReturnType<typeof createKeeper>
  readonly #sampler: ReturnType<typeof createSampler>
  readonly #fullSampler: ReturnType<typeof createSampler> | undefined
  #thread: Thread<Calls> | undefined
  /** Settles when there is a thread, or none can be had. */
  readonly #opened: Promise<void>
  readonly #queries: Record<string, number> = {}
  #target: LabelSet | undefined
  #ready: Promise<void> = Promise.resolve()
  #isReady = false
  #timer: NodeJS.Timeout | undefined
  #window: WindowStats | undefined
  #sampledAtMs: number | undefined
  #sampleMs: number | undefined
  #skipped = 0
  #behind = 0
  #waiting = 0
  #groups: readonly TimedGroup[] | undefined
  readonly #figures = new Map<string, RuleGroupReadings>()
  #closing: Promise<void> | undefined

  constructor(setup: EngineSetup) {
    this.#setup = setup
    this.#keeper = createKeeper(setup.store, (error) => setup.onFault(asFault(error)))
    this.#sampler = createSampler(setup.source, () => [
      { instance: this.#target?.instance ?? '', isUp: true },
      ...setup.targets(),
    ])
    this.#fullSampler = setup.full && createSampler(setup.full)
    const {
      options,
      onFault,
      program = new URL('../engine/worker.js', import.meta.url),
      graceMs = DEFAULT_GRACE_MS,
    } = setup
    this.#opened = startThread<Calls>({
      program,
      data: () => ({ options }),
      failed: (_, reason) => vitalsError('QUERY_ABORTED', { reason }),
      onFault,
      // Before a query one rule may be evaluated, which may cost as much.
      silenceMs: 2 * options.queryTimeoutMs + graceMs,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MEBIBYTES, maxYoungGenerationSizeMb: YOUNG_MEBIBYTES },
      onStart: () => this.#thread && this.#begin(),
      onTold: (told: Told) => ('sampled' in told ? this.#hear(told.sampled) : this.#heed(told.evaluated)),
    }).then((thread) => {
      this.#thread = thread
      this.#begin()
    }, onFault)
  }

  query(expr: string, when: When, options: QueryOptions = {}): Promise<Answer> {
    return this.#ask('query', { expr, when, options })
  }

  queryBody(expr: string, when: When, options: QueryOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    return this.#ask('queryBody', { expr, when, options })
  }

  labelNames(finding: Finding): Promise<readonly string[]> {
    return this.#ask('labelNames', finding)
  }

  labelValues(label: string, finding: Finding): Promise<readonly string[]> {
    return this.#ask('labelValues', { ...finding, label })
  }

  series(finding: Finding): Promise<readonly LabelSet[]> {
    return this.#ask('series', finding)
  }

  evaluate(groups: readonly TimedGroup[]): void {
    this.#groups = groups
    if (this.#isReady) this.#ruled()
  }

  rules(): Promise<readonly GroupStatus[]> {
    return this.#ask('rules', {})
  }

  start(target: LabelSet): void {
    this.#target = target
    if (this.#isReady) this.#begun()
  }

  stats(): EngineStats {
    return {
      ...(this.#window && { window: this.#window }),
      ...(this.#sampledAtMs !== undefined && { sampledAtMs: this.#sampledAtMs }),
      ...(this.#sampleMs !== undefined && { sampleMs: this.#sampleMs }),
      skipped: this.#skipped,
      lostBlocks: this.#keeper.lostBlocks(),
      queries: { ...this.#queries },
      waiting: this.#waiting,
      restarts: this.#thread?.restarts() ?? 0,
      groups: Object.fromEntries(this.#figures),
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#end()
    return this.#closing
  }

  async #end(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#opened
    await this.#ready
    const thread = this.#thread
    if (thread === undefined) return
    try {
      await this.#keeper.keep(await thread.call('flush', {}))
    } catch (error) {
      this.#setup.onFault(asFault(error))
    }
    await thread.close()
  }

  async #ask<C extends Call>(call: C, request: Calls[C]['request']): Promise<Calls[C]['reply']> {
    const result = this.#waiting >= MAX_WAITING ? this.#busy() : this.#answerTo(call, request)
    return result.then(
      (value) => {
        this.#count('ok')
        return value
      },
      (error: VitalsError) => {
        this.#count(RESULTS[error.code] ?? 'failed')
        throw error
      },
    )
  }

  #busy(): Promise<never> {
    return Promise.reject(vitalsError('QUERY_BUSY', { waiting: this.#waiting }))
  }

  async #answerTo<C extends Call>(call: C, request: Calls[C]['request']): Promise<Calls[C]['reply']> {
    this.#waiting++
    try {
      await this.#opened
      await this.#ready
      if (this.#thread === undefined) throw vitalsError('QUERY_ABORTED', { reason: 'its thread could not be started' })
      return await this.#thread.call(call, request)
    } finally {
      this.#waiting--
    }
  }

  #count(result: string): void {
    this.#queries[result] = (this.#queries[result] ?? 0) + 1
  }

  /** A thread begins, with nothing in it. */
  #begin(): void {
    this.#isReady = false
    this.#behind = 0
    this.#sampler.reset()
    this.#fullSampler?.reset()
    this.#ready = this.#keeper
      .restore((part) =>
        this.#tell(
          part,
          part.blocks.map(({ body }) => body.buffer as ArrayBuffer),
        ),
      )
      .then((rules) => {
        this.#tell({ kind: 'restored', nowMs: this.#setup.now(), rules })
        this.#isReady = true
        this.#ruled()
        if (this.#target) this.#begun()
      })
  }

  #begun(): void {
    this.#tell({ kind: 'target', labels: this.#target! })
    this.#sample(this.#setup.now())
    this.#plan()
  }

  #ruled(): void {
    if (this.#groups) this.#tell({ kind: 'rules', groups: this.#groups, nowMs: this.#setup.now() })
  }

  #plan(): void {
    clearTimeout(this.#timer)
    if (this.#closing) return
    const { now, options } = this.#setup
    const plannedMs = (Math.floor(now() / options.intervalMs) + 1) * options.intervalMs
    this.#timer = setTimeout(() => {
      const atMs = now()
      const isOnTime = Math.abs(atMs - plannedMs) <= options.intervalMs * TOLERANCE
      if (this.#isReady) this.#sample(isOnTime ? plannedMs : atMs)
      this.#plan()
    }, plannedMs - now())
  }

  #sample(atMs: number): void {
    if (this.#behind >= MAX_BEHIND) {
      this.#skipped++
      return
    }
    const before = performance.now()
    const view = this.#sampler.sample()
    const full = this.#fullSampler?.sample()
    this.#behind++
    const buffers = [view, ...(full ? [full] : [])].map(({ values }) => values.buffer as ArrayBuffer)
    this.#tell({ kind: 'sample', atMs, view, ...(full && { full }) }, buffers)
    this.#sampledAtMs = atMs
    this.#sampleMs = performance.now() - before
  }

  #hear({ stats, changes }: Sampled): void {
    this.#behind = Math.max(0, this.#behind - 1)
    this.#window = stats
    if (changes) void this.#keeper.keep(changes)
  }

  #heed({ group, reports, figures, kept }: Evaluated): void {
    if (figures) this.#figures.set(group, figures)
    else this.#figures.delete(group)
    if (kept) void this.#keeper.keep({ rules: [kept] })
    for (const report of reports) this.#setup.onReport?.(report)
  }

  #tell(notice: Notice, transfer: readonly ArrayBuffer[] = []): void {
    this.#thread?.tell(notice, transfer)
  }
}

/** How a query that failed is counted. */
const RESULTS: Readonly<Record<string, string>> = {
  PROMQL_INVALID: 'invalid',
  PROMQL_UNSUPPORTED: 'invalid',
  PROMQL_LIMIT: 'limit',
  QUERY_TOO_LARGE: 'limit',
  PROMQL_TIMEOUT: 'timeout',
  QUERY_BUSY: 'busy',
  QUERY_ABORTED: 'aborted',
}

function asFault(error: unknown): VitalsError {
  return error instanceof Error && 'code' in error
    ? (error as VitalsError)
    : vitalsError('QUERY_ABORTED', { reason: String(error) })
}

import { NAMED_METHODS, STREAMING_METHODS } from './methods.js'
import type { Operation } from './operation.js'
import type { TokenKey } from './paths.js'
import { Requests } from './requests.js'
import type { Unreadable } from './unreadable.js'

/** What one side said: its requests that wait for an answer, by the key of their id, and what was no message. */
export class Lane extends Requests {
  /** Told of what this side said that could not be understood. */
  unreadable: Unreadable | undefined
  #streams: Requests | undefined
  /** Keys of those whose answers may still come, the oldest first. */
  late: TokenKey[] | undefined
  /** What progress is reported for, by its token. */
  progress: Map<TokenKey, Operation> | undefined
  readonly #lateLimit: number

  constructor(lateLimit: number) {
    super()
    this.#lateLimit = lateLimit
  }

  override get size(): number {
    return super.size + (this.#streams?.size ?? 0)
  }

  /** `since`: when it came, monotonic milliseconds. */
  open(key: TokenKey, operation: Operation, since: number): void {
    operation.key = key
    operation.askedAt = since
    if (STREAMING_METHODS.has(operation.method)) {
      this.#streams ??= new Requests()
      this.#streams.add(operation)
    } else this.add(operation)
  }

  override has(key: TokenKey): boolean {
    return super.has(key) || this.#streams?.has(key) === true
  }

  /**
   * The call in the middle of which something is asked: the one `named`, else the only one, else the only one in the trace
   * that the question is part of. Of several others nobody can say which.
   */
  asking(named: TokenKey | undefined, traceId: string | undefined): Operation | undefined {
    const calls = this.all().filter(({ method }) => NAMED_METHODS.has(method))
    const likely = calls[1] ? calls.filter((call) => traceId && call.traceId === traceId) : calls
    return calls.find(({ key }) => key === named) ?? (likely[1] ? undefined : likely[0])
  }

  /** Joins progress reported for this token to an operation, until it ends. */
  track(token: TokenKey, operation: Operation): void {
    this.progress ??= new Map()
    const { progress } = this
    progress.set(token, operation)
    operation.onEnd(() => {
      if (progress.get(token) === operation) progress.delete(token)
    })
  }

  progressed(token: TokenKey): void {
    const operation = this.progress?.get(token)
    if (operation) operation.progress++
  }

  /** The request was answered: it is no longer open. */
  answered(key: TokenKey): Operation | undefined {
    return this.take(key) ?? this.#streams?.take(key)
  }

  /** The request will not be waited for any more; its answer may still come. */
  abandoned(key: TokenKey): Operation | undefined {
    const operation = this.answered(key)
    if (operation) this.#expectLate(key)
    return operation
  }

  /** Takes the oldest request, a stream only where there is nothing else. */
  abandonOldest(): Operation | undefined {
    const oldest = this.oldest ?? this.#streams?.oldest
    return oldest && this.abandoned(oldest.key)
  }

  /** Whether this answer is late: its request ended before it. Each is expected once. */
  takeLate(key: TokenKey): boolean {
    const at = this.late?.indexOf(key) ?? -1
    if (at >= 0) this.late?.splice(at, 1)
    return at >= 0
  }

  #expectLate(key: TokenKey): void {
    this.late ??= []
    if (this.late.push(key) > this.#lateLimit) this.late.shift()
  }
}

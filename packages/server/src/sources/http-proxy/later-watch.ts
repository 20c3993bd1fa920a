import type { Watch } from './http-watch.js'
import type { Looks } from './looks.js'

/** Has a watch look later, in the order in which all passed. */
export class LaterWatch implements Watch {
  readonly #watch: Watch
  readonly #looks: Looks

  constructor(watch: Watch, looks: Looks) {
    this.#watch = watch
    this.#looks = looks
  }

  get id(): string | undefined {
    this.#looks.settle()
    return this.#watch.id
  }

  sent(chunk: Buffer): void {
    this.#looks.later(() => this.#watch.sent(chunk), chunk.length)
  }

  sentAll(): void {
    this.#looks.later(() => this.#watch.sentAll())
  }

  answered(status: number, rawHeaders: readonly string[]): void {
    this.#looks.later(() => this.#watch.answered(status, rawHeaders))
  }

  received(chunk: Buffer): void {
    this.#looks.later(() => this.#watch.received(chunk), chunk.length)
  }

  receivedAll(): void {
    this.#looks.later(() => this.#watch.receivedAll())
  }

  left(): void {
    this.#looks.later(() => this.#watch.left())
  }

  failed(timedOut: boolean): void {
    this.#looks.later(() => this.#watch.failed(timedOut))
  }
}

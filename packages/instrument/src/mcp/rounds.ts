import type { Asked, Operation } from './operation.js'
import type { Captured } from './paths.js'
import type { Shelf } from './shelf.js'

/** Whether an answer asks for input instead of answering (2026-07-28). */
export function asksForInput(fields: Captured): boolean {
  return fields.resultType === 'input_required'
}

/**
 * Joins the requests of one operation: an answer that asks for input is continued by a request that carries the same
 * `requestState`, in whichever conversation, or in the same one by a request of the same method and name with
 * `inputResponses`.
 */
export class Rounds {
  readonly #waiting: Shelf
  readonly #owner: object
  readonly #scope: string

  constructor(waiting: Shelf, owner: object, conversation: number) {
    this.#waiting = waiting
    this.#owner = owner
    this.#scope = String(conversation)
  }

  /** The operation was answered by a question. */
  park(operation: Operation, requestState: string | undefined, at: number): void {
    operation.wait()
    const keys = [key('conversation', this.#scope, operation)]
    if (requestState !== undefined) keys.push(key('state', requestState, operation))
    this.#waiting.put(operation, keys, at)
  }

  /** The operation that this request goes on with, where it does. */
  resume(request: Asked, fields: Captured): Operation | undefined {
    const state = fields.retriedState
    if (state === undefined && fields.inputResponses === undefined) return undefined
    const operation = this.#waiting.take(
      state === undefined ? key('conversation', this.#scope, request) : key('state', state, request),
    )
    operation?.resume(this.#owner, request.requestBytes)
    return operation
  }
}

function key(
  kind: 'state' | 'conversation',
  value: string,
  { direction, method, name }: Pick<Operation, 'direction' | 'method' | 'name'>,
): string {
  return JSON.stringify([kind, value, direction, method, name])
}

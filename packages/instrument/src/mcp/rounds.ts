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
  readonly #conversation: number

  constructor(waiting: Shelf, owner: object, conversation: number) {
    this.#waiting = waiting
    this.#owner = owner
    this.#conversation = conversation
  }

  /** The operation was answered by a question. */
  park(operation: Operation, requestState: string | undefined, at: number): void {
    operation.wait()
    const keys = [key(this.#conversation, operation)]
    if (requestState) keys.push(key(requestState, operation))
    this.#waiting.put(operation, keys, at)
  }

  /** The operation that this request, which has a state or responses, goes on with; `undefined` where there is none. */
  resume(request: Asked, fields: Captured): Operation | undefined {
    const operation = this.#waiting.take(key(fields.retriedState ?? this.#conversation, request))
    operation?.resume(this.#owner, request.requestBytes)
    return operation
  }
}

/** `from`: the state that it carries, which is a text, or the conversation, which is a number. */
function key(
  from: string | number,
  { direction, method, name }: Pick<Operation, 'direction' | 'method' | 'name'>,
): string {
  return JSON.stringify([from, direction, method, name])
}

import type { ResultPlace } from './call-reading.js'
import { isAboutTask } from './methods.js'
import type { Direction, Operation } from './operation.js'
import type { Captured } from './paths.js'
import type { Shelf } from './shelf.js'
import type { Outcome } from './status.js'

/** How a task ended. */
interface TaskEnd {
  readonly outcome: Outcome
  readonly errorCode?: string | undefined
}

const WELL: TaskEnd = { outcome: 'ok' }

/**
 * The task that an answer says the request became: `result.task` where the request asked for one (2025-11-25), or a
 * result of type `task` (2026-07-28).
 */
export function createdTask(operation: Operation, fields: Captured): string | undefined {
  if (isAboutTask(operation.method)) return undefined
  if (fields.resultType === 'task') return fields.taskId ?? fields.createdTask
  return operation.askedForTask ? fields.createdTask : undefined
}

/** Follows operations that run as tasks to their end. Tasks are told apart by who runs them and their id. */
export class Tasks {
  readonly #shelf: Shelf
  readonly #results: Shelf

  /** `results`: holds those that ended while something of their result is still to be read. */
  constructor(shelf: Shelf, results: Shelf) {
    this.#shelf = shelf
    this.#results = results
  }

  /** The operation goes on as this task. */
  follow(operation: Operation, task: string, fields: Captured, at: number): void {
    operation.task = true
    const key = keyOf(operation.direction, task)
    this.#shelf.put(operation, [key], at)
    this.#settle(key, endOf(fields.createdTaskStatus ?? fields.taskStatus, fields), fields, 'task', at)
  }

  /** The client's operation that runs as this task. */
  running(task: string): Operation | undefined {
    return this.#shelf.peek(keyOf('client_to_server', task))
  }

  /** A `tasks/*` request was answered by a result. */
  answered({ direction, method, aboutTask }: Operation, fields: Captured, at: number): void {
    if (!isAboutTask(method) || !aboutTask) return
    const key = keyOf(direction, aboutTask)
    this.#shelf.touch(key, at)
    if (method !== 'tasks/result') this.#settle(key, endOf(fields.taskStatus, fields), fields, 'task', at)
    else {
      const end = resultOf(fields.isError, fields.toolErrorCodes)
      this.#settle(key, end, fields, 'answer', at)
      for (const operation of this.#results.takeAll(key)) {
        operation.reading?.answered(fields, 'answer')
        operation.end(end.outcome, { errorCode: end.errorCode })
      }
    }
  }

  /** A `tasks/*` request was answered by an error. That of `tasks/result` is the task's own. */
  failed({ direction, method, aboutTask }: Operation, errorCode: string | undefined): void {
    if (method !== 'tasks/result' || !aboutTask) return
    const key = keyOf(direction, aboutTask)
    for (const operation of [...this.#shelf.takeAll(key), ...this.#results.takeAll(key)])
      operation.end('protocol_error', { errorCode })
  }

  /** A notification told a task's state. `asker`: the direction of the request that became the task. */
  reported(asker: Direction, fields: Captured, at: number): void {
    if (!fields.taskOf) return
    const key = keyOf(asker, fields.taskOf)
    this.#shelf.touch(key, at)
    this.#settle(key, endOf(fields.statusReported, fields), fields, 'notification', at)
  }

  /** `fields`: of the message that told of the end; `where` in it the task’s result would be. */
  #settle(key: string, end: TaskEnd | undefined, fields: Captured, where: ResultPlace, at: number): void {
    if (!end) return
    for (const operation of this.#shelf.takeAll(key)) {
      operation.reading?.answered(fields, where)
      const resultFollows = end.outcome === 'ok' && operation.reading?.awaitsResult === true
      operation.end(end.outcome, { errorCode: end.errorCode, resultFollows })
      if (resultFollows) this.#results.put(operation, [key], at)
    }
  }
}

/** What a tool's result means. */
export function resultOf(isError: boolean | undefined, codes: readonly string[] | undefined): TaskEnd {
  return isError ? { outcome: 'tool_error', errorCode: codes?.[0] || undefined } : WELL
}

/** What a task's status means; `undefined` while it goes on. */
function endOf(
  status: string | undefined,
  { taskIsError, taskErrorCode, taskToolErrorCodes }: Captured,
): TaskEnd | undefined {
  if (status === 'completed') return resultOf(taskIsError, taskToolErrorCodes)
  if (status === 'cancelled') return { outcome: 'cancelled' }
  if (status !== 'failed') return undefined
  return taskErrorCode === undefined
    ? { outcome: 'tool_error' }
    : { outcome: 'protocol_error', errorCode: taskErrorCode }
}

function keyOf(direction: Direction, task: string): string {
  return `${direction} ${task}`
}

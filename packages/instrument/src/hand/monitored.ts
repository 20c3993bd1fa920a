import { Call, declared } from './call.js'
import { type About, quietly } from './tell.js'

type Handler = (...args: never[]) => unknown
type Steps = Iterator<unknown, unknown, unknown> & Iterable<unknown, unknown, unknown>
type AsyncSteps = AsyncIterator<unknown, unknown, unknown> & AsyncIterable<unknown, unknown, unknown>

/**
 * The handler of a tool, each call of which is counted and timed as one call of the tool `name` (at most 128
 * characters). It takes and gives what the handler does, with the same `this`; what it throws passes through. Functions,
 * async functions and generators of both kinds stay what they are; a generator's call lasts from its first step to its
 * end.
 *
 * A result in MCP's own form with `isError: true` is a failure. Of an error its class is recorded and never its message;
 * `AbortError` is a cancellation, `TimeoutError` (and the codes of the system and of undici that say the same) a time-out.
 * Inside a call of the same tool that `instrument` counts it is no second one, and adds the class of what is thrown.
 */
export function monitored<F extends Handler>(name: string, handler: F, about: About = {}): F {
  // Whose tool it is shows in its first call, unless it is said: that of a server that is instrumented lists it itself.
  if (about.server !== undefined) quietly(() => declared(name, about))
  const begin = () => new Call(name, about)
  const wrapped = wrapperOf(handler as unknown as (...args: unknown[]) => unknown, begin)
  for (const property of ['name', 'length'] as const)
    Object.defineProperty(wrapped, property, { value: handler[property], configurable: true })
  return wrapped as unknown as F
}

/**
 * Runs `block` as one call of the tool `name`, and gives what it gives: `await recordToolCall('search', () => find(text))`.
 * Counted as by `monitored`.
 */
export function recordToolCall<R>(name: string, block: () => R, about: About = {}): R {
  return run(new Call(name, about), block) as R
}

function wrapperOf(handler: (...args: unknown[]) => unknown, begin: () => Call): (...args: unknown[]) => unknown {
  switch (Object.prototype.toString.call(handler)) {
    case '[object GeneratorFunction]':
      return function* (this: unknown, ...args) {
        const call = begin()
        try {
          const result = yield* Reflect.apply(handler, this, args) as Steps
          call.ended(result)
          return result
        } catch (error) {
          call.failed(error)
          throw error
        } finally {
          call.abandoned()
        }
      }
    case '[object AsyncGeneratorFunction]':
      return async function* (this: unknown, ...args) {
        const call = begin()
        try {
          const result = yield* Reflect.apply(handler, this, args) as AsyncSteps
          call.ended(result)
          return result
        } catch (error) {
          call.failed(error)
          throw error
        } finally {
          call.abandoned()
        }
      }
    default:
      return function (this: unknown, ...args) {
        return run(begin(), () => Reflect.apply(handler, this, args))
      }
  }
}

function run(call: Call, block: () => unknown): unknown {
  let result: unknown
  try {
    result = block()
  } catch (error) {
    call.failed(error)
    throw error
  }
  if (!isThenable(result)) {
    call.ended(result)
    return result
  }
  // Not a branch beside it: a rejection that nobody handles must stay one.
  return Promise.resolve(result).then(
    (value) => {
      call.ended(value)
      return value
    },
    (error: unknown) => {
      call.failed(error)
      throw error
    },
  )
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return value instanceof Promise || typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}

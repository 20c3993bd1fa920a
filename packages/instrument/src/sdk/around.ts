import type { Around, Delivery } from '../vitals/index.js'

/** What is around a message changes nothing of whether, how often and with what result it is delivered. */
export function around(surround: Around, deliver: () => unknown): unknown {
  let outcome: Delivery | undefined
  const once = () => {
    try {
      outcome ??= { value: deliver() }
    } catch (error) {
      outcome = { error }
    }
  }
  try {
    surround.run(once)
  } catch {
    // Ours, since `once` throws nothing.
  }
  once()
  let { value } = outcome as { value?: unknown }
  try {
    if (surround.sent) value = surround.sent(outcome!)
  } catch {
    // Ours again.
  }
  if ('error' in outcome!) throw outcome.error
  return value
}

/** How many logins are checked at a time, each in a thread of Node’s pool of four; and how many may wait. */
const AT_ONCE = 2
const MAX_WAITING = 16

/** Lets few in at a time; undefined where too many wait already. */
export function createGate(): <T>(work: () => Promise<T>) => Promise<T> | undefined {
  const waiting: (() => void)[] = []
  let running = 0

  async function passed<T>(work: () => Promise<T>): Promise<T> {
    if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve))
    else running++
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }

  return (work) => (waiting.length >= MAX_WAITING ? undefined : passed(work))
}

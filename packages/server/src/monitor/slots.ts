/** So many at a time; who comes later waits, first come, first served. */
export interface Slots {
  /** Resolves when there is room; the function that it gives makes room again. */
  take(): Promise<() => void>
}

export function createSlots(most: number): Slots {
  let taken = 0
  const waiting: (() => void)[] = []
  return {
    async take() {
      if (taken >= most) await new Promise<void>((resolve) => waiting.push(resolve))
      else taken++
      let isGiven = false
      return () => {
        if (isGiven) return
        isGiven = true
        // The place goes from hand to hand.
        const next = waiting.shift()
        if (next) next()
        else taken--
      }
    },
  }
}

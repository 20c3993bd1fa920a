/** What has to be undone, newest first. */
export interface Teardown {
  /** Adds a step that undoes what was just done. */
  push(step: () => unknown): void
  /** Runs every step once, the newest first; a step that fails does not keep the next from running. */
  run(): Promise<void>
}

/** Creates an empty stack of steps. `onFault` is told of a step that failed, and must not throw. */
export function createTeardown(onFault: (error: unknown) => void): Teardown {
  const steps: (() => unknown)[] = []
  let running: Promise<void> | undefined
  async function unwind(): Promise<void> {
    for (let step = steps.pop(); step; step = steps.pop()) {
      try {
        await step()
      } catch (error) {
        onFault(error)
      }
    }
  }
  return {
    push: (step) => steps.push(step),
    run() {
      running ??= unwind()
      return running
    },
  }
}

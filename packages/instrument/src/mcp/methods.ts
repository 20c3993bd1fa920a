/** Requests whose answer is a stream of minutes to hours: kept out of latencies, and never given up on. */
export const STREAMING_METHODS: ReadonlySet<string> = new Set(['subscriptions/listen'])

/** Requests whose `params.name` names a tool or prompt. Everywhere else a name could be anything, a task id included. */
export const NAMED_METHODS: ReadonlySet<string> = new Set(['tools/call', 'prompts/get'])

/** A request about a task, not one that may become a task. */
export function isAboutTask(method: string): boolean {
  return method.startsWith('tasks/')
}

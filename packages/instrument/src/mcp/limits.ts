/** What one conversation may hold. */
export interface ConversationLimits {
  /** Most requests that wait for an answer, both directions together; beyond it the oldest ends `unanswered`. */
  readonly openRequests: number
  /** A request without an answer ends `unanswered` after this, milliseconds. Streaming methods are exempt. */
  readonly requestAgeMs: number
  /** Ids remembered for each direction after their request ended without an answer, so that a late one is no surprise. */
  readonly lateAnswers: number
}

/** What is held for one server across its conversations. */
export interface MemoryLimits {
  /** Most operations that wait for a person's input; beyond it the oldest ends `unanswered`. */
  readonly waitingOperations: number
  /** An operation whose input never comes ends `unanswered` after this, milliseconds. */
  readonly waitAgeMs: number
  /** Most tasks that are followed; beyond it the one heard of longest ago ends `unanswered`. */
  readonly tasks: number
  /** A task that nobody has asked about or reported on for this long ends `unanswered`, milliseconds. */
  readonly taskAgeMs: number
  /** Most tools (or prompts) of one server that are known by name; of a longer list none are. */
  readonly knownNames: number
}

/** 10,000 open requests are about 4 MB; an hour is longer than any client waits. */
export const CONVERSATION_LIMITS: ConversationLimits = {
  openRequests: 10_000,
  requestAgeMs: 3_600_000,
  lateAnswers: 1_000,
}

/** Ten minutes for a person to answer a question; an hour for a task to be heard of again. */
export const MEMORY_LIMITS: MemoryLimits = {
  waitingOperations: 1_000,
  waitAgeMs: 600_000,
  tasks: 1_000,
  taskAgeMs: 3_600_000,
  knownNames: 10_000,
}

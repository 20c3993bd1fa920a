import type { ExtractionRules } from './call-reading.js'
import { Extraction } from './extraction.js'
import { MEMORY_LIMITS, type MemoryLimits } from './limits.js'
import { SharedMemory } from './memory.js'
import { Recent } from './recent.js'
import type { Outcome } from './status.js'

/** How much is held for a server. */
export interface MemoryStats {
  /** Operations that wait for input. */
  readonly waiting: number
  /** Tasks being followed. */
  readonly tasks: number
  /** Names of tools and prompts. */
  readonly knownNames: number
}

/** What the conversations of one server share, for a program that watches servers and outlives them. */
export class ServerMemory extends SharedMemory {
  /** See `createServerMemory`. */
  constructor(limits: Partial<MemoryLimits> = {}, rules?: ExtractionRules) {
    const extraction = rules && new Extraction(rules)
    super({ ...MEMORY_LIMITS, ...limits }, () => extraction, new Recent())
  }

  /** Ends every operation that still waits for input or runs as a task. */
  close(outcome: Outcome): void {
    for (const operation of this.drain()) operation.end(outcome)
  }

  stats(): MemoryStats {
    const knownNames = [...this.known.complete.values()].reduce((sum, { size }) => sum + size, 0)
    return { waiting: this.waiting.size, tasks: this.tasks.size, knownNames }
  }
}

/**
 * Memory for one server. `limits` in place of single defaults of `MEMORY_LIMITS`. `rules`: what is read off its tool calls
 * beyond the allow-list; nothing where absent.
 */
export function createServerMemory(limits: Partial<MemoryLimits> = {}, rules?: ExtractionRules): ServerMemory {
  return new ServerMemory(limits, rules)
}

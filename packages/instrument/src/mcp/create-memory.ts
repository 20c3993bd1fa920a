import type { ExtractionRules } from './call-reading.js'
import { Extraction } from './extraction.js'
import type { MemoryLimits } from './limits.js'
import { ServerMemory } from './memory.js'

/**
 * Memory for one server. `limits` in place of single defaults of `MEMORY_LIMITS`. `rules`: what is read off its tool calls
 * beyond the allow-list; nothing where absent.
 */
export function createServerMemory(limits: Partial<MemoryLimits> = {}, rules?: ExtractionRules): ServerMemory {
  return new ServerMemory(limits, rules && new Extraction(rules))
}

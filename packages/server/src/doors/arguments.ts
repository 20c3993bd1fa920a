import { checkSchema } from './schema.js'
import type { Check, Misfit } from './schema-types.js'

/** Most tools of a server whose schemas are kept, and the longest schema, in bytes of JSON. */
const MAX_TOOLS = 1000
const MAX_SCHEMA_BYTES = 65_536
/** Most bytes of all schemas of one server. */
const MAX_BYTES = 4_194_304

/** A tool as its server defines it. */
export interface ToolDefinition {
  readonly name?: unknown
  readonly inputSchema?: unknown
}

/** What a server says that its tools take. */
export interface Schemas {
  /**
   * A page of `tools/list` passed. A list takes nothing away from what is known: it may be a part, or that of a caller who
   * sees fewer tools, and must not undo the checks of the others.
   */
  learn(tools: readonly ToolDefinition[]): void
  /** Where arguments do not fit; `undefined` also where the tool's schema is not known. */
  misfit(tool: string, args: unknown, patterns: Check['patterns']): Misfit | undefined
  /** Nothing was learnt yet. */
  readonly isEmpty: boolean
}

/** Remembers the schemas of one server. What is beyond the bounds is not checked. */
export function createSchemas(): Schemas {
  const known = new Map<string, { readonly schema: unknown; readonly bytes: number }>()
  let bytes = 0
  let isEmpty = true
  return {
    learn(tools) {
      isEmpty = false
      for (const { name, inputSchema } of tools) {
        if (typeof name !== 'string' || name.length > 256) continue
        const size = sizeOf(inputSchema)
        bytes -= known.get(name)?.bytes ?? 0
        known.delete(name)
        if (size > MAX_SCHEMA_BYTES) continue
        // What was named longest ago makes room for what is named now.
        for (const [oldest, { bytes: freed }] of known) {
          if (bytes + size <= MAX_BYTES && known.size < MAX_TOOLS) break
          known.delete(oldest)
          bytes -= freed
        }
        known.set(name, { schema: inputSchema, bytes: size })
        bytes += size
      }
    },
    misfit(tool, args, patterns) {
      const found = known.get(tool)
      // A call may leave its arguments out where there are none.
      return found && checkSchema(found.schema, args ?? {}, patterns)
    },
    get isEmpty() {
      return isEmpty
    },
  }
}

/** Bytes of JSON, about; without end where it is nested deeper than the stack. */
function sizeOf(schema: unknown): number {
  try {
    return JSON.stringify(schema ?? null).length
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

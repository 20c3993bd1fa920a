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
  /** A page of `tools/list` passed. `first`: it begins the list, so what was known before is forgotten. */
  learn(tools: readonly ToolDefinition[], first: boolean): void
  /** Where arguments do not fit; `undefined` also where the tool's schema is not known. */
  misfit(tool: string, args: unknown): Misfit | undefined
}

/** Remembers the schemas of one server. What is beyond the bounds is not checked. */
export function createSchemas(patterns: Check['patterns']): Schemas {
  const known = new Map<string, { readonly schema: unknown; readonly bytes: number }>()
  let bytes = 0
  return {
    learn(tools, first) {
      if (first) {
        known.clear()
        bytes = 0
      }
      for (const { name, inputSchema } of tools) {
        if (typeof name !== 'string' || name.length > 256) continue
        const size = JSON.stringify(inputSchema ?? null).length
        bytes -= known.get(name)?.bytes ?? 0
        known.delete(name)
        if (size > MAX_SCHEMA_BYTES || bytes + size > MAX_BYTES || known.size >= MAX_TOOLS) continue
        known.set(name, { schema: inputSchema, bytes: size })
        bytes += size
      }
    },
    misfit(tool, args) {
      const found = known.get(tool)
      // A call may leave its arguments out where there are none.
      return found && checkSchema(found.schema, args ?? {}, patterns)
    },
  }
}

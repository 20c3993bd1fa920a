import { MCP_METHODS } from '@mcp-vitals/instrument/mcp'

/** A method without what tells it from others of no letters: case, and white space around it. */
const folded = (method: string) => method.trim().toUpperCase().toLowerCase()
const BY_FOLDED: ReadonlyMap<string, string> = new Map([...MCP_METHODS].map((method) => [folded(method), method]))

/** The method of MCP that this one is not, and would be if case and white space around it did not count. */
export function meantMethod(method: string): string | undefined {
  return MCP_METHODS.has(method) ? undefined : BY_FOLDED.get(folded(method))
}

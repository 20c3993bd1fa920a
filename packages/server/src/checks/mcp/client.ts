import { Client, type ListToolsResult } from '@modelcontextprotocol/client'
import { VERSION } from '../../version/index.js'
import { CheckFailure } from '../check.js'

/** A list that never ends is no list. */
const MAX_PAGES = 100

/** The client by which we ask servers. `auto`: in whichever era the server is of; `legacy`: as one of before 2026-07-28. */
export function newClient(mode: 'auto' | 'legacy' = 'auto'): Client {
  return new Client({ name: 'mcp-vitals', version: VERSION }, { versionNegotiation: { mode } })
}

/**
 * All tools of a server, page by page; none where it says that it has none. `timeoutMs`: for each page. Rejects with a
 * CheckFailure for a list of more than 100 pages, and with what the client rejects with.
 */
export async function listTools(client: Client, timeoutMs: number): Promise<ListToolsResult['tools']> {
  // The SDK says so on standard output where a server has none, and that is not ours.
  if (client.getServerCapabilities()?.tools === undefined) return []
  const tools: ListToolsResult['tools'] = []
  let cursor: string | undefined
  for (let page = 0; page < MAX_PAGES; page++) {
    const answer = await client.listTools(cursor === undefined ? {} : { cursor }, { timeout: timeoutMs })
    tools.push(...answer.tools)
    cursor = answer.nextCursor
    if (cursor === undefined) return tools
  }
  throw new CheckFailure('invalid_answer', 'PAGES')
}

import type { ExtractionRules } from '@mcp-vitals/instrument/mcp'
import { readShared } from '../datadir/index.js'

/**
 * What the derivations that the last daemon left on this machine read off this server’s calls. Nothing where there is no
 * such daemon, or what it left cannot be read: to watch is not worth more than to serve.
 */
export async function rulesFor(server: string, dataDir?: string): Promise<ExtractionRules | undefined> {
  try {
    const text = readShared('derivations', dataDir)
    if (text === undefined) return undefined
    // Loaded where there is something to derive: a wrap without it never pays for it.
    const { createDerivations, decodeDerivations } = await import('../derive/index.js')
    return createDerivations(decodeDerivations(text)).rulesOf(server)
  } catch {
    return undefined
  }
}

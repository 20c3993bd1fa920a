import { commitmentRules, type ExtractionRules, joinRules } from '@mcp-vitals/instrument/mcp'
import { readShared } from '../datadir/index.js'

/**
 * What the last daemon on this machine left to be read off this server’s calls: for derivations, and for the commitments of
 * the audit log. Nothing where there is no such daemon, or what it left cannot be read: to watch is not worth more than to serve.
 */
export async function rulesFor(server: string, dataDir?: string): Promise<ExtractionRules | undefined> {
  try {
    const derivations = readShared('derivations', dataDir)
    const commitments = readShared('commitments', dataDir)
    if (derivations === undefined && commitments === undefined) return undefined
    // Loaded where there is something to read: a wrap without it never pays for it.
    const { createDerivations, decodeCommitments, decodeDerivations } = await import('../derive/index.js')
    return joinRules(
      derivations === undefined ? undefined : createDerivations(decodeDerivations(derivations)).rulesOf(server),
      commitments === undefined ? undefined : commitmentRules(decodeCommitments(commitments), server),
    )
  } catch {
    return undefined
  }
}

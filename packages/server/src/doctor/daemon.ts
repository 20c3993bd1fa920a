import { findAnnounced } from '../datadir/index.js'
import type { DaemonSeen } from './contract.js'
import { askJson } from './shared/web.js'

/** The daemon that announced itself last in a state directory: whether it is there, and ours. Changes nothing. */
export async function meetDaemon(dataDir: string, signal: AbortSignal): Promise<DaemonSeen | undefined> {
  const announced = await findAnnounced(dataDir)
  if (announced === undefined) return undefined
  const { isAlive, ...daemon } = announced
  if (!isAlive) return { ...daemon, is: 'gone' }
  return { ...daemon, is: (await isOurs(daemon.url, signal)) ? 'answers' : 'silent' }
}

async function isOurs(url: string, signal: AbortSignal): Promise<boolean> {
  const answer = await askJson<{ data?: { version?: string } }>(`${url}/api/v1/status/buildinfo`, { signal })
  return answer?.data?.version?.includes('mcp-vitals') === true
}

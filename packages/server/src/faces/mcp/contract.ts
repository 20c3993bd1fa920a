import type { Event } from '@mcp-vitals/instrument/event'
import type { ChangingTool } from './options.js'

/** What answers an agent's questions: the daemon's own API, asked in this process or over HTTP. */
export interface Backend {
  /** Asks a path of the API. */
  ask(path: string, init?: RequestInit): Promise<Response>
  /** Checks the whole audit log by its own checkpoints, and says in words what was found. */
  verifyAudit(): Promise<{ readonly holds: boolean; readonly said: string }>
}

export interface AgentSetup {
  readonly backend: Backend
  readonly allow: readonly ChangingTool[]
  readonly version: string
  /** Hears of every call of an agent, as of those of any server. */
  readonly publish?: (event: Event) => void
}

/** What a tool could not do, in words for the agent that called it. */
export class AgentRefusal extends Error {
  override readonly name = 'AgentRefusal'
}

import type { Publish } from '@mcp-vitals/instrument/stream'

/** Sessions whose agent is remembered; beyond them the oldest is forgotten, and its events name no agent. */
const MAX_SESSIONS = 20_000

/** Names the agent in each event of a session that was opened with a key. */
export interface SessionAgents {
  readonly publish: Publish
  /** This session is of this agent. */
  note(session: string, agent: string): void
}

/** Wraps a publisher. Sessions are forgotten as their last event passes. */
export function createSessionAgents(publish: Publish): SessionAgents {
  const agents = new Map<string, string>()
  return {
    publish(event, entrance) {
      const agent = event.session === undefined || event.agent !== undefined ? undefined : agents.get(event.session)
      if (event.type === 'session.closed') agents.delete(event.session ?? '')
      publish(agent === undefined ? event : { ...event, agent }, entrance)
    },
    note(session, agent) {
      agents.set(session, agent)
      if (agents.size > MAX_SESSIONS) agents.delete(agents.keys().next().value!)
    },
  }
}

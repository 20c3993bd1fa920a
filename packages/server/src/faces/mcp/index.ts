import type { AgentSetup } from './contract.js'

export type { AgentSetup, Backend } from './contract.js'
export { CHANGING_TOOLS } from './options.js'
export { createVerifier } from './verify.js'

/**
 * `POST /admin/mcp`, and `POST /mcp` where no server is at the front: what agents may ask of the daemon, in both eras of the protocol, without sessions. What speaks the protocol
 * is loaded when somebody asks for the first time.
 */
export function createAgentFace(setup: AgentSetup): (request: Request) => Promise<Response> {
  let loaded: Promise<{ fetch(request: Request): Promise<Response> }> | undefined
  return async (request) => {
    loaded ??= load(setup)
    return (await loaded).fetch(request)
  }
}

async function load(setup: AgentSetup) {
  const [{ createMcpHandler }, { createAgentServer, watchAgents }] = await Promise.all([
    import('@modelcontextprotocol/server'),
    import('./server.js'),
  ])
  watchAgents(setup)
  return createMcpHandler(() => createAgentServer(setup), { responseMode: 'json' })
}

/** Speaks with the one client at standard input and output, until its input ends. */
export async function serveAgent(setup: AgentSetup): Promise<void> {
  const [{ serveStdio }, { createAgentServer }] = await Promise.all([
    import('@modelcontextprotocol/server/stdio'),
    import('./server.js'),
  ])
  const ended = new Promise((resolve) => process.stdin.once('end', resolve).once('close', resolve))
  const served = serveStdio(() => createAgentServer(setup))
  await ended
  await served.close()
}

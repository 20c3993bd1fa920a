import { fileURLToPath } from 'node:url'
import type { Config } from '../config/index.js'
import { createAgentFace, createVerifier } from '../faces/mcp/index.js'
import { VERSION } from '../version/index.js'
import type { Caller } from './admission.js'
import type { Handlers } from './http.js'
import type { Observation } from './observe.js'
import { ROUTES } from './routes.js'

/** Our own command: what checks the audit log. */
const COMMAND = fileURLToPath(new URL('../cli/main.js', import.meta.url))

/** Whoever asks there has shown a token, so that is what the other faces are told. */
const CALLER: Caller = { isHere: true, place: 'agent', hasToken: true, visit: undefined }

/** What answers agents at `/admin/mcp` and `/mcp`: it asks the other faces, which are all that it knows. */
export function createAgent(needs: {
  readonly config: Config
  readonly dataDir: string
  readonly publish: Observation['publish']
  readonly handlers: () => Partial<Handlers>
}): (request: Request) => Promise<Response> {
  const { config, dataDir, publish, handlers } = needs
  if (!config.agent.enabled)
    return async () => Response.json({ error: 'Agents are not answered: agent.enabled is false.' }, { status: 404 })
  const byPath = new Map(Object.entries(ROUTES).map(([name, { path }]) => [path as string, name as keyof Handlers]))
  return createAgentFace({
    allow: config.agent.allow,
    version: VERSION,
    publish,
    backend: {
      verifyAudit: createVerifier(COMMAND, ['--data', dataDir]),
      async ask(path, init) {
        const request = new Request(new URL(path, 'http://localhost'), init)
        const name = byPath.get(new URL(request.url).pathname)
        const handle = name === undefined ? undefined : handlers()[name]
        return handle ? handle(request, CALLER) : new Response(null, { status: 404 })
      },
    },
  })
}

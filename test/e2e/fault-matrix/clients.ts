/** Clients of each transport that tell what they see of one call. */
import { spawn } from 'node:child_process'
import { until } from '../../fixtures/until.js'
import { ENDPOINT, openStream } from '../gateway-sse-harness.js'

/** As much as no machine needs, where nothing failed. Milliseconds. */
const PATIENCE_MS = 20_000
/** More than a connection holds whose other end does not read. */
const LARGE = 'x'.repeat(16_000_000)
const CALL_ID = 7
export const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
}
export const OPENING = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'matrix', version: '1' } }

export interface FaultClient {
  /** Calls the tool, and resolves to what was seen of it; `left` where this client had gone. */
  call(tool: string, isLarge: boolean): Promise<string>
  /** Takes the call back. */
  cancel(): Promise<void>
  leave(): void
}

export const rpc = (id: number | undefined, method: string, params: object = {}) => ({
  jsonrpc: '2.0',
  id,
  method,
  params,
})
const callOf = (name: string, isLarge: boolean) =>
  rpc(CALL_ID, 'tools/call', { name, arguments: isLarge ? { text: LARGE } : {} })
const TAKEN_BACK = rpc(undefined, 'notifications/cancelled', { requestId: CALL_ID })

/** A client of Streamable HTTP that has listed the tools: in a session, or without one. */
export async function httpClient(address: string, era: 'legacy' | 'modern'): Promise<FaultClient> {
  let session: Record<string, string> = {}
  const leaving = new AbortController()
  const send = ({ params, ...message }: ReturnType<typeof rpc>) => {
    const named: Record<string, string> = 'name' in params ? { 'mcp-name': String(params.name) } : {}
    const modern = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': message.method, ...named }
    return fetch(address, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...(era === 'modern' ? modern : session),
      },
      body: JSON.stringify({ ...message, params: era === 'modern' ? { ...params, _meta: META } : params }),
      signal: leaving.signal,
    })
  }
  // What ended by a fault before is not started again at once.
  const expectAnswer = (message: ReturnType<typeof rpc>) => {
    let response: Response
    return until(
      async () => {
        response = await send(message)
        await response.text()
        return response.ok
      },
      PATIENCE_MS,
      () => `${address} answers ${message.method} with ${response.status}`,
    ).then(() => response)
  }
  if (era === 'legacy') {
    const id = (await expectAnswer(rpc(1, 'initialize', OPENING))).headers.get('mcp-session-id')!
    session = { 'mcp-session-id': id, 'mcp-protocol-version': '2025-11-25' }
  }
  await expectAnswer(rpc(2, 'tools/list'))
  const broken = () => (leaving.signal.aborted ? 'left' : 'broken')
  return {
    call: (tool, isLarge) =>
      send(callOf(tool, isLarge)).then(
        (response) => response.text().then((body) => `${response.status} ${body}`, broken),
        broken,
      ),
    cancel: async () => void (await (await send(TAKEN_BACK)).text()),
    leave: () => leaving.abort(),
  }
}

/** A client of HTTP+SSE that has listed the tools. */
export async function sseClient(address: string): Promise<FaultClient> {
  const stream = await openStream(address)
  let hasLeft = false
  const seen = (from: number) => [...stream.text.slice(from).matchAll(/^data: (.*)\n\n/gm)].map(([, data]) => data!)
  const comes = (what: RegExp, from = 0) =>
    until(
      () => what.test(stream.text.slice(from)) || stream.over !== undefined,
      PATIENCE_MS,
      () => `no ${what} came of ${address}`,
    )
  await comes(ENDPOINT)
  const endpoint = new URL(ENDPOINT.exec(stream.text)?.[1] ?? '', address)
  const send = (message: object) =>
    fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(message),
    })
  await (await send(rpc(1, 'initialize', OPENING))).text()
  await comes(/"id":1[,}]/)
  await (await send(rpc(2, 'tools/list'))).text()
  await comes(/"id":2[,}]/)
  if (stream.over !== undefined) throw new Error(`the stream of ${address} is over before the call`)
  return {
    async call(tool, isLarge) {
      const from = stream.text.length
      const posted = await send(callOf(tool, isLarge)).catch(() => undefined)
      const body = await posted?.text().catch(() => undefined)
      if (!posted || body === undefined) return 'broken'
      if (posted.status !== 202) return `${posted.status} ${body}`
      await comes(/"id":7[,}]/, from)
      if (hasLeft) return 'left'
      return ['202', ...seen(from), ...(stream.over === undefined ? [] : [stream.over])].join(' ')
    },
    cancel: async () => void (await (await send(TAKEN_BACK)).text()),
    leave() {
      hasLeft = true
      stream.close()
    },
  }
}

/** A client that starts a command, and has listed its tools. */
export async function stdioClient(
  [program, ...args]: readonly [string, ...string[]],
  dataDir: string,
): Promise<FaultClient> {
  const child = spawn(program, args, {
    env: { ...process.env, MCP_VITALS_DATA: dataDir },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  let out = ''
  let end: string | undefined
  let hasLeft = false
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text
  })
  child.stdin.on('error', () => {})
  child.on('close', (code, signal) => {
    end = `exit ${code ?? signal}`
  })
  const send = (message: object) => child.stdin.write(`${JSON.stringify(message)}\n`)
  const comes = (what: RegExp) =>
    until(
      () => what.test(out) || end !== undefined,
      PATIENCE_MS,
      () => `no ${what} came of ${args.join(' ')}`,
    )
  send(rpc(1, 'initialize', OPENING))
  await comes(/"id":1[,}]/)
  send(rpc(2, 'tools/list'))
  await comes(/"id":2[,}].*\n/)
  return {
    async call(tool, isLarge) {
      const from = out.length
      send(callOf(tool, isLarge))
      await comes(/"id":7[,}].*\n/)
      return hasLeft ? 'left' : `${out.slice(from)}${end ?? ''}`
    },
    cancel: async () => void send(TAKEN_BACK),
    leave() {
      hasLeft = true
      child.stdin.end()
    },
  }
}

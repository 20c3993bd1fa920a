// A stdio server whose tools tell by their names how a call of them ends: `ok-…`, `fail-…`, `wait-…` (never answers),
// anything else is unknown. So each call may have a name of its own, by which it is found again.
import { createInterface } from 'node:readline'

const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
const text = (value) => ({ content: [{ type: 'text', text: value }] })

function call(id, name) {
  if (name.startsWith('ok-')) send({ id, result: text('done') })
  else if (name.startsWith('fail-')) send({ id, result: { ...text('it failed'), isError: true } })
  else if (!name.startsWith('wait-')) send({ id, error: { code: -32602, message: 'unknown tool' } })
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line)
  if (id === undefined) return
  if (method === 'initialize')
    send({
      id,
      result: {
        protocolVersion: params.protocolVersion,
        capabilities: { tools: {} },
        serverInfo: { name: 'wrapped', version: '1.0.0' },
      },
    })
  else if (method === 'tools/call') call(id, params.name)
  else send({ id, result: {} })
})

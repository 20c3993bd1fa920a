// The smallest stdio server that a client takes for one: every request is answered at once with a text of 16 bytes.
let rest = ''
process.stdin.setEncoding('utf8').on('data', (chunk) => {
  const lines = (rest + chunk).split('\n')
  rest = lines.pop()
  let out = ''
  for (const line of lines) {
    const { id, method, params } = JSON.parse(line)
    if (id === undefined) continue
    const result =
      method === 'initialize'
        ? {
            protocolVersion: params.protocolVersion,
            capabilities: { tools: {} },
            serverInfo: { name: 'echo', version: '1' },
          }
        : { content: [{ type: 'text', text: params?.arguments?.text ?? '' }] }
    out += `${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`
  }
  if (out) process.stdout.write(out)
})
process.stdin.on('end', () => process.exit(0))

// The floor of an HTTP proxy in Node: thirty lines that carry each exchange through, and look at nothing.
import { Agent, createServer, request as send } from 'node:http'

const [port, upstreamPort] = process.argv.slice(2).map(Number)
const agent = new Agent({ keepAlive: true })
const server = createServer((request, response) => {
  const upstream = send(
    {
      host: '127.0.0.1',
      port: upstreamPort,
      method: request.method,
      path: request.url,
      headers: { ...request.headers, host: `127.0.0.1:${upstreamPort}` },
      agent,
    },
    (answer) => {
      response.writeHead(answer.statusCode, answer.headers)
      answer.pipe(response)
    },
  )
  upstream.on('error', () => response.destroy())
  request.pipe(upstream)
})
server.listen(port, '127.0.0.1', () => console.log('listening'))

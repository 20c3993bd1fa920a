/** The library where there is no Node: the language, and what the web's standards give. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const RUNTIME = fileURLToPath(new URL('../fixtures/bare/runtime.mjs', import.meta.url))
const FLAGS = ['--experimental-vm-modules', '--no-warnings']

it('watches servers, and shows its page, on a runtime that has only the standards of the web', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [...FLAGS, RUNTIME])
  const { nodes, pair, handler, hand, status, page, stats } = JSON.parse(stdout)
  expect(nodes).toEqual([])
  expect(pair).toEqual({ jsonrpc: '2.0', id: 1, result: { content: [{ type: 'text', text: 'hello' }] } })
  expect(handler).toContain('"text":"hello"')
  expect(hand).toEqual([{ jsonrpc: '2.0', id: 1, result: { content: [] } }])
  expect(status).toBe(200)
  for (const [server, tool] of [
    ['bare', 'echo'],
    ['handled', 'echo'],
    ['hand', 'echo'],
    ['server', 'by_name'],
  ])
    expect(page).toContain(`\nmcp_tool_calls_total{server="${server}",tool="${tool}",status="success"} 1\n`)
  expect(page).toContain('mcp_active_sessions{server="bare"} 0\n')
  expect(stats).toEqual({ lost: 0, faults: 0 })
})

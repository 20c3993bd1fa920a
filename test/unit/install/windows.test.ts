import { expect, test } from 'vitest'
import { needsWindowsShell } from '../../../packages/server/src/install/index.js'
import { JSONC } from '../../../packages/server/src/install/jsonc.js'
import { unwrapAll, wrapAll } from '../../../packages/server/src/install/rewrite.js'

const wrapper = {
  node: 'C:\\node.exe',
  main: 'C:\\v\\dist\\cli\\main.js',
  dataDir: 'D:\\s',
  needsShell: needsWindowsShell,
}
const shape = { format: JSONC, servers: [['mcpServers']] }
const gateway = { route: () => ({ why: '', state: 'watched' }) as const }

test('a package manager’s shim runs by the shell of Windows, a program by itself', () => {
  const text =
    '{"mcpServers":{"a":{"command":"npx","args":["-y","b"]},"c":{"command":"C:\\\\d.exe"},"e":{"command":"cmd","args":["/c","npx"]}}}'
  const { text: wrapped } = wrapAll(text, shape, wrapper, gateway)
  const own = (name: string) => [wrapper.main, 'wrap', '--name', name, '--data', 'D:\\s', '--']
  expect(JSON.parse(wrapped).mcpServers).toEqual({
    a: { command: 'C:\\node.exe', args: [...own('a'), 'cmd.exe', '/D', '/C', 'npx', '-y', 'b'] },
    c: { command: 'C:\\node.exe', args: [...own('c'), 'C:\\d.exe'] },
    e: { command: 'C:\\node.exe', args: [...own('e'), 'cmd', '/c', 'npx'] },
  })
  expect(unwrapAll(wrapped, shape, undefined, () => false).text).toBe(text)
})

import { expect, test } from 'vitest'
import { JSONC } from '../../../packages/server/src/install/jsonc.js'
import { problemOf } from '../../../packages/server/src/install/plan.js'
import { wrapAll } from '../../../packages/server/src/install/rewrite.js'
import { TOML } from '../../../packages/server/src/install/toml.js'
import { MalformedText } from '../../../packages/server/src/install/tree.js'

const wrapper = { node: '/n', main: '/m/dist/cli/main.js', dataDir: undefined, needsShell: () => false }
const gateway = { route: () => ({ why: '', state: 'watched' }) as const }
const TEXT = '{ "mcpServers": { "notes": { "command": "x" }, "__proto__": { "command": "y" } } }'

test('a text that would say anything else than what was meant is not given out', () => {
  // As if a form of text were written that its reader takes for another value.
  const wrong = { ...JSONC, quote: (text: string) => JSON.stringify(`${text} `) }
  const wrap = () => wrapAll(TEXT, { format: wrong, servers: [['mcpServers']] }, wrapper, gateway)
  let thrown: unknown
  try {
    wrap()
  } catch (error) {
    thrown = error
  }
  expect(problemOf('/f.json', thrown)).toMatchObject({
    code: 'CLIENT_FILE_STRANGE',
    message: expect.stringContaining('/f.json'),
  })
})

test('a server may have any name, and is watched under one that an address can have', () => {
  const { text } = wrapAll(TEXT, { format: JSONC, servers: [['mcpServers']] }, wrapper, gateway)
  expect(text).toContain('"--name", "notes", "--", "x"')
  expect(text).toContain('"--name", "server-__proto__", "--", "y"')
})

test.each(['', ' \n', '// Nothing yet.\n'])(
  'a file without content (%j) has no server, and is left as it is',
  (text) => {
    const wrapped = wrapAll(text, { format: JSONC, servers: [['mcpServers']] }, wrapper, gateway)
    expect(wrapped).toMatchObject({ text, changes: [], left: [] })
  },
)

test.each([400, 5_000, 500_000])('a stranger’s file of %i levels is read, or refused in words', (depth) => {
  const deep = '['.repeat(depth) + ']'.repeat(depth)
  const texts = [
    [JSONC, `{ "a": ${deep}, "servers": { "x": { "command": "y" } } }`],
    [TOML, `a = ${deep}\n[servers.x]\ncommand = "y"\n`],
  ] as const
  for (const [format, text] of texts) {
    const wrap = () => wrapAll(text, { format, servers: [['servers']] }, wrapper, gateway)
    if (depth < 500) expect(wrap().changes).toHaveLength(1)
    else expect(wrap).toThrow(MalformedText)
  }
})

import { expect, test } from 'vitest'
import { maskedWords } from '../../../packages/server/src/install/index.js'

const SECRET = 'hunter2-hunter2'

test.each([
  [['x', '--api-key', SECRET]],
  [['x', `--token=${SECRET}`]],
  [['x', '-H', `Authorization: Bearer ${SECRET}`]],
  [['docker', 'run', '-e', `PLAIN=${SECRET}`]],
  [['x', `MY_PASSWORD=${SECRET}`]],
  [['x', `https://u:${SECRET}@h.example/`]],
  [['x', `https://h.example/?a=${SECRET}&b=${SECRET}`]],
  [['x', `--dsn=postgres://u:${SECRET}@h.example/db`]],
  [['x', '9f86d081884c7d659a2feaa0c55ad015']],
  [['x', 'ghp_abcdefghijklmnopqrstuvwxyz0123456789']],
])('%j shows no secret', (words) => {
  const shown = maskedWords(words).join(' ')
  expect(shown).not.toMatch(/hunter2|9f86d081|ghp_abc/)
  expect(shown).toMatch(/\*\*\*|\[/)
})

test('what is no secret is shown', () => {
  const words = [
    'npx',
    '-y',
    '@modelcontextprotocol/server-memory@2026.1.14',
    '--',
    '/srv/a b.js',
    'C:\\a.js',
    '--port=80',
    'https://h.example/mcp',
  ]
  expect(maskedWords(words)).toEqual(words)
})

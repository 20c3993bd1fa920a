import { expect, test } from 'vitest'
import { person } from './person.js'

test.each([
  [['--timeout', 'never'], '--timeout cannot be used as it stands: never is no number of seconds up to 600.'],
  [['--args', '{}'], '--args cannot be used as it stands: it needs --call.'],
  [['--call', 'search', '--args', '[1]'], '--args cannot be used as it stands: it is no JSON object.'],
  [['--call', 'search', '--args', '{'], '--args cannot be used as it stands: it is no JSON.'],
  [['--origin', 'app.example.org'], '--origin cannot be used as it stands: app.example.org is no origin'],
  [['--prometheus', 'localhost:9090'], '--prometheus cannot be used as it stands: localhost:9090 is no address'],
  [['http://127.0.0.1:9/mcp', '--', 'true'], 'it stands beside a command'],
])('doctor %j is refused with an example', async (args, words) => {
  const { status, seen } = person(['doctor', ...args])
  expect(await status).toBe(2)
  const { out, err } = seen()
  expect(out).toBe('')
  expect(err).toContain(words)
  expect(err).toContain(`for example: mcp-vitals doctor --call search --args '{"query":"ping"}'`)
})

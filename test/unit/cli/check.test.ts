import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { person } from './person.js'

const home = mkdtempSync(join(tmpdir(), 'mcp-vitals-check-'))
afterAll(() => rmSync(home, { recursive: true }))

test.each([
  [[], /There is nothing to check.*NOTHING_TO_CHECK/s],
  [['nowhere.json'], /There is no configuration file nowhere\.json/],
  [['--interval', 'soon'], /--interval cannot be used as it stands: soon is no number of seconds/],
  [['--timeout', '0'], /--timeout cannot be used as it stands: 0 is no number of seconds/],
  [['--once', '--interval', '5'], /--once cannot be used as it stands: it excludes --interval/],
  [['--json', '--junit'], /--junit cannot be used/],
  [['http://127.0.0.1:9/mcp', '--', 'true'], /it stands beside a command/],
  [['http://127.0.0.1:9/mcp', '--slack-webhook', 'hooks.slack.com/T0/B0'], /--slack-webhook cannot be used[^0]*https:/],
])('check %j says what is wrong, and by status 3 that nothing was judged', async (args, words) => {
  const env = { HOME: home, XDG_CONFIG_HOME: home, MCP_VITALS_DATA: join(home, 'state') }
  const { status, seen } = person(['check', ...args], { env })
  expect(await status).toBe(3)
  expect(seen()).toEqual({ out: '', err: expect.stringMatching(words) })
})

test('a webhook of the environment that is no address is told of before anything is checked, and not shown', async () => {
  const env = {
    HOME: home,
    XDG_CONFIG_HOME: home,
    MCP_VITALS_DATA: join(home, 'state'),
    SLACK_WEBHOOK_URL: 'ftp://s3cret',
  }
  const { status, seen } = person(['check', 'http://127.0.0.1:9/mcp'], { env })
  expect(await status).toBe(3)
  expect(seen()).toEqual({ out: '', err: expect.stringMatching(/SLACK_WEBHOOK_URL cannot be used/) })
  expect(seen().err).not.toContain('s3cret')
})

test('a state directory that cannot be used is told of, as failures are not counted from run to run then', async () => {
  const env = { HOME: home, XDG_CONFIG_HOME: home, MCP_VITALS_DATA: '/dev/null/state' }
  const { status, seen } = person(['check', 'http://127.0.0.1:9/mcp'], { env })
  expect(await status).toBe(2)
  expect(seen().out).toContain('System: RED')
  expect(seen().err).toMatch(/^note: the next run will not know of this one: .*\/dev\/null\/state/)
})

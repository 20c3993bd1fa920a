import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { report } from '../../../packages/server/src/cli/report.js'
import { type Person, person } from './person.js'

const home = process.cwd()
let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mcp-vitals-up-'))
  process.chdir(directory)
})
afterEach(() => {
  process.chdir(home)
  rmSync(directory, { recursive: true, force: true })
})

const UP = ['up', '--port', '0', '--data', 'state']
const FOUND =
  '{"mcpServers":{"stray":{"command":"/no/such\\u001b[2J/server","args":["--x","a b"],"env":{"TOKEN":"s3cret"}}}}'

/** Waits until the daemon listens, stops it, and gives what was printed on the way. */
async function whole(someone: Person): Promise<{ out: string; err: string }> {
  await expect.poll(() => someone.seen().out + someone.seen().err, { timeout: 50_000 }).toContain('http://127.0.0.1:')
  process.emit('SIGTERM')
  expect(await someone.status).toBe(0)
  return someone.seen()
}

describe('up without --config', () => {
  test('in an empty directory starts with no servers and says what to do next', async () => {
    const { err } = await whole(person(UP))
    expect(err).toContain('mcp-vitals up --demo')
    expect(err).toContain('mcp-vitals up --config')
  })

  test('takes our own file', async () => {
    writeFileSync('mcp-vitals.yaml', 'environment: mine\n')
    const { err } = await whole(person(UP))
    expect(err).toContain('Configuration: mcp-vitals.yaml')
    expect(err).toContain('note: mcp-vitals.yaml names no server to watch.')
  })

  test.each(['.mcp.json', 'mcp.json', '.vscode/mcp.json'])(
    'starts nothing of %s when nobody can be asked',
    async (name) => {
      mkdirSync('.vscode')
      writeFileSync(name, FOUND)
      const { out, err } = await whole(person(UP))
      expect(err).toContain(`Saw ${name}, which was not named, so nothing in it is started.`)
      expect(err).toContain(`mcp-vitals up --config ${name}`)
      expect(out + err).not.toContain('stray')
    },
  )

  test.each([
    ['\n', false],
    ['n\n', false],
    ['yes please\n', false],
    ['y\n', true],
    ['YES\n', true],
  ])('shows what %j would start, and asks: %j', async (answer, started) => {
    writeFileSync('.mcp.json', FOUND)
    const someone = person(UP, { isTTY: true })
    await expect.poll(() => someone.seen().err).toContain('Start and watch them? [y/N]')
    expect(someone.seen().err).toContain('stray: "/no/such\\u001b[2J/server" --x "a b"  (sets TOKEN)')
    expect(someone.seen().out).toBe('')
    someone.types(answer)
    const { out, err } = await whole(someone)
    expect(/\/mcp\/stray/.test(out + err)).toBe(started)
    expect(out + err).not.toContain('s3cret')
  })

  test('leaves a broken file that lies around out, and goes on', async () => {
    writeFileSync('.mcp.json', '{"mcpServers":')
    const { err } = await whole(person(UP, { isTTY: true }))
    expect(err).toContain('Saw .mcp.json and left it out')
  })
})

describe('what goes wrong', () => {
  const reported = (error: unknown, env: Record<string, string> = {}) => {
    let text = ''
    const err = { write: (part: string) => (text += part) }
    const status = report(error, { err, env } as never)
    return { status, text }
  }

  test('an unexpected error is one line that says what to do, and no stack', () => {
    const { status, text } = reported(new Error('boom\nsecond line'))
    expect(status).toBe(1)
    expect(text).toMatch(/^mcp-vitals: unexpected error, a fault of mcp-vitals: boom\..*MCP_VITALS_DEBUG=1.*\n$/)
  })

  test('with MCP_VITALS_DEBUG=1 its stack follows', () => {
    expect(reported(new Error('boom'), { MCP_VITALS_DEBUG: '1' }).text).toContain('up.test.ts')
  })
})

import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { FILES, ROOT, textOf } from './files.js'

/** How a command of the README is run: here, as it stands, or by another file, which must then contain the words. */
type Runner = { readonly run: (command: string) => Promise<void> } | { readonly by: string; readonly words: string }

/**
 * Every command of the README's `sh` blocks, with what runs it. A line of the README without an entry fails, and so
 * does an entry that the README no longer has.
 */
const README_COMMANDS: Readonly<Record<string, Runner>> = {
  'npm start': { run: watchesTheDemo },
  'npm test': { by: '.ci/run', words: ' npm test' },
}

const README = FILES.includes('README.md') ? textOf('README.md') : undefined

/** The commands of a page's `sh` blocks: comments and continued lines taken away. */
function commandsOf(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, block = '']) =>
    block
      .replace(/\\\n\s*/g, '')
      .split('\n')
      .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
      .filter((line) => line !== ''),
  )
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

/** Polls until `probe` gives a value. */
async function eventually<T>(what: string, probe: () => Promise<T | undefined>): Promise<T> {
  for (const deadline = Date.now() + 45_000; Date.now() < deadline; await sleep(100)) {
    const value = await probe().catch(() => undefined)
    if (value !== undefined) return value
  }
  throw new Error(`${what}: not within 45 s`)
}

/**
 * Runs the command in a shell as a person does, sees the demo's calls counted, and ends the daemon with SIGTERM. npm and
 * its shell then end with the daemon's status.
 */
async function watchesTheDemo(command: string): Promise<void> {
  const [port, state] = [await freePort(), mkdtempSync(join(tmpdir(), 'mcp-vitals-readme-'))]
  const env = { ...process.env, MCP_VITALS_PORT: String(port), MCP_VITALS_DATA: state }
  const shell = spawn('sh', ['-c', command], { cwd: ROOT, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [shell.stdout, shell.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
  const ended = new Promise<number | null>((resolve) => shell.on('close', resolve))
  const get = async (path: string) => await (await fetch(`http://127.0.0.1:${port}${path}`)).text()
  try {
    const health = await eventually(`/health of ${command}`, async () => JSON.parse(await get('/health')) as object)
    expect(health).toMatchObject({ status: 'ok', demoMode: true })
    await eventually(
      'a counted tool call',
      async () => /^mcp_tool_calls_total\{.*\} [1-9]/m.exec(await get('/metrics')) ?? undefined,
    )
    expect(output).toContain(`http://127.0.0.1:${port}`)
    process.kill((JSON.parse(readFileSync(join(state, 'daemon.json'), 'utf8')) as { pid: number }).pid, 'SIGTERM')
    expect(await ended, output).toBe(0)
  } finally {
    if (shell.exitCode === null) process.kill(-shell.pid!, 'SIGKILL')
    rmSync(state, { recursive: true, force: true })
  }
}

describe('the README', () => {
  test('has no command that is not run, and none is run that it has not', () => {
    if (README !== undefined)
      expect([...new Set(commandsOf(README))].sort()).toEqual(Object.keys(README_COMMANDS).sort())
  })

  test.each(Object.entries(README_COMMANDS))('%s', async (command, runner) => {
    if ('run' in runner) await runner.run(command)
    else expect(textOf(runner.by)).toContain(runner.words)
  })

  test('commands are read from sh blocks alone, without comments', () => {
    expect(
      commandsOf('```sh\n# a comment\nnpm start  # the demo\n\ncurl \\\n  x#y\n```\n```ts\ncode()\n```\n'),
    ).toEqual(['npm start', 'curl x#y'])
  })
})

/** `mcp-vitals doctor` in a shell, as a person types it, beside a daemon and without one. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { CLI, daemonOfTest } from '../fixtures/daemon.js'
import { freePort } from '../fixtures/databases.js'

const MEMORY = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-memory/dist/index.js'))
const home = mkdtempSync(join(tmpdir(), 'mcp-vitals-doctor-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** A line of a shell in `home`, where `mcp-vitals` is ours. */
function typed(line: string, env: Readonly<Record<string, string>> = {}) {
  const script = `mcp-vitals() { '${process.execPath}' '${CLI}' "$@"; }; ${line}`
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script], {
    cwd: home,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: home, MCP_VITALS_DATA: join(home, 'state'), ...env },
  })
  return { status, stdout, stderr }
}

const config = (servers: object, port: number) => {
  writeFileSync(join(home, 'mcp-vitals.json'), JSON.stringify({ listen: { port }, servers }))
}

test('a person finds each trouble with what to paste, pastes it, and then nothing is wrong', async () => {
  const port = await freePort()
  const needy =
    'if (!process.env.ACME_TOKEN) { console.error("ACME_TOKEN is required"); process.exit(1) } require("node:module").createRequire("/")(process.argv[1])'
  const server = (env: object) => ({ command: process.execPath, args: ['-e', needy, MEMORY], env })
  config({ notes: server({}) }, port)
  const ill = typed('mcp-vitals doctor')
  expect(ill).toMatchObject({ status: 2, stderr: '' })
  expect(ill.stdout).toMatch(/^configuration: mcp-vitals\.json; state directory: .*\/state; daemon: none answers$/m)
  expect(ill.stdout).toMatch(/✗ error: notes: It needs the environment variable ACME_TOKEN, which it was not given\./)
  expect(ill.stdout).toMatch(/\n1 error, \d warnings?[^\n]*\.\n$/)

  const [, entry] = /^ +"env": (\{.*\})$/m.exec(ill.stdout)!
  config({ notes: server(JSON.parse(entry!)) }, port)
  const unset = typed('mcp-vitals doctor')
  expect(unset.status).toBe(2)
  expect(unset.stdout).toMatch(/notes\.env\.ACME_TOKEN[^\n]*ACME_TOKEN/)
  const well = typed('export ACME_TOKEN=t0psecret; mcp-vitals doctor; echo "status $?"')
  expect(well.stdout).toMatch(/✓ servers: notes has 9 tools\n/)
  expect(well.stdout).toMatch(/status [01]\n$/)
  expect(well.stdout).not.toContain('t0psecret')
})

test('for a program, beside a daemon: one object, and the daemon’s own port is no trouble', async () => {
  const daemon = await daemonOfTest({
    config: { listen: { port: await freePort() }, servers: { notes: { command: process.execPath, args: [MEMORY] } } },
    ownPort: true,
  })
  const { stdout, stderr } = typed(`mcp-vitals doctor --config '${join(daemon.home, 'config.json')}' --json`, {
    MCP_VITALS_DATA: daemon.dataDir,
  })
  expect(stderr).toBe('')
  const report = JSON.parse(stdout) as { errors: number; diagnoses: readonly { name: string; findings: unknown[] }[] }
  expect(report.errors, stdout).toBe(0)
  expect(report.diagnoses.find(({ name }) => name === 'ports')).toEqual({
    name: 'ports',
    seen: new URL(daemon.url).host,
    findings: [],
  })
})

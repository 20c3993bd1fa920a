/** `mcp-vitals top` in a real terminal (tmux), before a real daemon with real traffic; and in a pipe. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { CLI, daemonOfTest, startDaemon } from '../fixtures/daemon.js'
import { freePort } from '../fixtures/databases.js'
import { until } from '../fixtures/until.js'

const TIMEOUT_MS = 20_000
/** Rates need two samples. */
const env = { MCP_VITALS_SERIES_INTERVAL_MS: '1000' }

/** A terminal of its own, in which a line of a shell runs. */
function terminal(line: string) {
  const dir = mkdtempSync(join(tmpdir(), 'mcp-vitals-tmux-'))
  const tmux = (...args: readonly string[]) =>
    execFileSync('tmux', ['-S', join(dir, 'socket'), '-f', '/dev/null', ...args], { encoding: 'utf8' })
  const script = join(dir, 'script')
  writeFileSync(script, line)
  tmux('new-session', '-d', '-x', '100', '-y', '24', `sh ${script}`)
  onTestFinished(() => {
    try {
      tmux('kill-server')
    } catch {
      // It ended with its last window.
    }
    rmSync(dir, { recursive: true, force: true })
  })
  const screen = () => tmux('capture-pane', '-p')
  return {
    screen,
    styled: () => tmux('capture-pane', '-p', '-e'),
    press: (...keys: readonly string[]) => void tmux('send-keys', ...keys),
    resize: (columns: number, rows: number) => void tmux('resize-window', '-x', String(columns), '-y', String(rows)),
    shows: (words: RegExp) =>
      until(
        () => words.test(screen()),
        TIMEOUT_MS,
        () => `${words} is not on the screen:\n${screen()}`,
        // Each look starts a program.
        200,
      ),
  }
}

test('live: views, order, filter, help, pause, sizes, a daemon that goes and comes back, and the screen of before', async () => {
  const home = mkdtempSync(join(tmpdir(), 'mcp-vitals-top-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  const settings = {
    args: ['--demo', '--port', String(await freePort())],
    ownPort: true,
    dataDir: join(home, 'state'),
    env,
  }
  const daemon = await startDaemon(settings)
  let running = daemon
  onTestFinished(async () => void (await running.stop()))
  const top = `'${process.execPath}' '${CLI}' top --interval 0.3 --data '${settings.dataDir}'`
  const tty = terminal(`echo what was here before; ${top}; echo ended with $?; exec cat`)

  await tty.shows(/^ mcp-vitals \S+ {2}http:\/\/127\.0\.0\.1:\d+ {2}[\d.]+ requests\/s {2}errors [\d.]+ %/m)
  await tty.shows(/^ memory +up +[\d.]+ /m)
  expect(tty.screen()).not.toContain('what was here before')
  expect(tty.styled()).toContain('\u001b[7m')

  tty.press('Tab')
  await tty.shows(/\[tools \d+\][\s\S]* CALL\/Sv[\s\S]*^ add_observations +memory +[1-9]/m)
  tty.press('r')
  await tty.shows(/CALL\/S\^/)
  tty.press('r', '/', 'read_gr', 'Enter')
  await tty.shows(/filter: read_gr[\s\S]*^ read_graph +memory/m)
  expect(tty.screen()).not.toContain('add_observations')
  tty.press('Escape')
  await tty.shows(/^ add_observations/m)
  tty.press('?')
  await tty.shows(/PageUp, PageDown/)
  tty.press('x', 'p')
  await tty.shows(/PAUSED/)
  tty.press('p')

  tty.resize(44, 9)
  await tty.shows(/^ 1-5 of \d+ {2}q quit/m)
  const small = tty.screen().split('\n')
  expect(small[2]).toMatch(/^ TOOL +.*CALL\/Sv +ERRORS/)
  expect(small.join('\n')).not.toContain('P50')
  tty.press('NPage')
  await tty.shows(/^ 6-10 of \d+/m)
  tty.resize(120, 30)
  await tty.shows(/^ TOOL .*P50/m)

  await daemon.stop('SIGKILL')
  await tty.shows(/^ (No daemon runs|The daemon at .* did not answer).*Trying again \(\d+ s\)/m)
  running = await startDaemon(settings)
  await tty.shows(/^ mcp-vitals \S+ {2}http/m)

  tty.press('q')
  await tty.shows(/^what was here before\nended with 0$/m)
})

test('servers are there before the first sample that has them', async () => {
  const daemon = await daemonOfTest({ args: ['--demo'], env: { MCP_VITALS_SERIES_INTERVAL_MS: '60000' } })
  const top = () => spawnSync(process.execPath, [CLI, 'top', '--data', daemon.dataDir], { encoding: 'utf8' })
  await until(
    () => /^memory +up .* 9 /m.test(top().stdout),
    TIMEOUT_MS,
    () => JSON.stringify(top()),
  )
})

test('without the token of the daemon: one question, what to do, and an end', async () => {
  const daemon = await daemonOfTest({ env })
  const command = `'${process.execPath}' '${CLI}' top --interval 0.3 --url ${daemon.url}`
  const refused = async () => {
    const text = await (await fetch(`${daemon.url}/metrics`)).text()
    return [...text.matchAll(/^mcp_auth_failures_total\{.*\} (\d+)$/gm)].reduce(
      (sum, [, count]) => sum + Number(count),
      0,
    )
  }
  const live = terminal(`${command}; echo ended with $?; exec cat`)
  await live.shows(/^ended with 1$/m)
  const said = live.screen().replaceAll('\n', '')
  expect(said).toContain(`The daemon at ${daemon.url} answers nobody without its token, and none was given.`)
  expect(said).toContain('Set MCP_VITALS_ADMIN_TOKEN to the listen.adminToken')
  expect(await refused()).toBe(1)
  const other = { ...process.env, MCP_VITALS_ADMIN_TOKEN: 'another' }
  const piped = spawnSync('sh', ['-c', command], { encoding: 'utf8', env: other })
  expect(piped).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('was given another.') })
  expect(await refused()).toBe(2)
})

test('in a pipe: a table, and a clear error where no daemon runs', async () => {
  const daemon = await startDaemon({ args: ['--demo'], env })
  const top = (...args: readonly string[]) =>
    spawnSync(process.execPath, [CLI, 'top', '--data', daemon.dataDir, ...args], { encoding: 'utf8' })
  await until(
    () => /^memory +up /m.test(top().stdout),
    TIMEOUT_MS,
    () => JSON.stringify(top()),
  )
  const tools = top('--view', 'tools', '--filter', 'READ')
  expect(tools).toMatchObject({ status: 0, stderr: '' })
  expect(tools.stdout).toMatch(/^TOOL +SERVER +CALLS[^\n]*\nread_graph +memory/)
  expect(top('--view', 'alerts').stdout).toBe('Nothing fires.\n')
  await daemon.stop('SIGKILL')
  expect(top()).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('DAEMON_NOT_FOUND') })
})

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'

const dist = resolve(import.meta.dirname, '../../../packages/server/dist')
const main = join(dist, 'cli/main.js')
const directory = mkdtempSync(join(tmpdir(), 'mcp-vitals-cli-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

function mcpVitals(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    cwd: directory,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: directory, ...env },
  })
  return { status, stdout, stderr }
}

function file(name: string, text: string): string {
  writeFileSync(join(directory, name), text)
  return name
}

describe('what it says, and its exit status', () => {
  test.each([
    [['--help'], 0, 'Examples:'],
    [['up', '--help'], 0, 'mcp-vitals up --demo'],
    [['--version'], 0, JSON.parse(readFileSync(join(dist, '../package.json'), 'utf8')).version],
    [['config', 'schema'], 0, '"$schema"'],
    [['config', 'check'], 0, 'is valid: 0 servers.'],
    [
      ['config', 'check', '--config', file('good.json', '{"mcpServers":{"a":{"command":"x"}}}')],
      0,
      'good.json is valid: 1 server.',
    ],
    [
      ['config', 'print', '--config', file('secret.yaml', 'servers: { a: { command: x, env: { T: s3cret } } }')],
      0,
      'T: "***"',
    ],
  ])('%j', (args, expected, words) => {
    const { status, stdout, stderr } = mcpVitals(args)
    expect({ status, stderr }).toEqual({ status: expected, stderr: '' })
    expect(stdout).toContain(words)
    expect(stdout).not.toContain('s3cret')
  })

  test.each([
    [[], 2, 'Usage: mcp-vitals'],
    [['upp'], 2, 'Did you mean up?'],
    [['up', '--prot', '1'], 2, 'Did you mean --port?'],
    [['up', '--config', 'absent.json'], 2, '(CONFIG_NOT_FOUND)'],
    [['up', '--port', 'http'], 2, 'option --port: listen.port is "http"'],
    [['up', '--host', '0.0.0.0'], 2, '(HOST_UNGUARDED)'],
    [
      ['config', 'check', '--config', file('bad.yaml', 'listen:\n  prot: 1\n')],
      2,
      'bad.yaml:2:3: listen.prot is an unknown key; did you mean "port"?',
    ],
    [['wrap'], 2, '(WRAP_WITHOUT_COMMAND)'],
    [['wrap', 'npx', '-y', 'server'], 2, '(WRAP_WITHOUT_COMMAND)'],
    [['wrap', '--nmae', 'x', '--', 'cat'], 2, 'Did you mean --name?'],
    [['backup'], 2, "missing required argument 'directory'"],
    [['backup', 'copy', '--data', 'nowhere'], 1, '(BACKUP_FAILED)'],
  ])('%j', (args, expected, words) => {
    const { status, stdout, stderr } = mcpVitals(args)
    expect({ status, stdout }).toEqual({ status: expected, stdout: '' })
    expect(stderr).toContain(words)
    expect(stderr).not.toMatch(/^\s+at /m)
  })
})

const STATIC_IMPORT = /^(?:import|export) (?:[\w*{][^=;'"]* from )?'([^']+)'/gm

describe('wrap', () => {
  test('hands everything after -- on as it was typed, another -- included', () => {
    const typed = ['--name', 'x', '--', '-c', '--help', '', 'a b', '--version']
    const { stdout } = mcpVitals([
      'wrap',
      '-n',
      'echo',
      '--',
      process.execPath,
      '-e',
      'console.log(JSON.stringify(process.argv.slice(1)))',
      '--',
      ...typed,
    ])
    expect(JSON.parse(stdout)).toEqual(typed)
  })

  test('loads nothing heavy, since it starts with every server of a client', () => {
    const seen = new Set<string>()
    const packages = new Set<string>()
    const visit = (path: string): void => {
      if (seen.has(path)) return
      seen.add(path)
      for (const [, specifier = ''] of readFileSync(path, 'utf8').matchAll(STATIC_IMPORT))
        if (specifier.startsWith('.')) visit(resolve(dirname(path), specifier))
        else if (!specifier.startsWith('node:') && !specifier.startsWith('@mcp-vitals/')) packages.add(specifier)
    }
    visit(main)
    visit(join(dist, 'cli/wrap.js'))
    expect(seen.size).toBeGreaterThan(5)
    expect([...packages]).toEqual([])
  })
})

describe('signals', () => {
  const script = `
    import { onStopSignal } from ${JSON.stringify(join(dist, 'cli/signals.js'))}
    const { stopped } = onStopSignal()
    setInterval(() => {}, 1000)
    console.log('ready')
    await stopped
    console.log('stopping')
    setTimeout(() => console.log('still stopping'), 600)`

  test('the first lets it stop in its own time, its echo changes nothing, the second ends it at once', async () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(child, 'exit')
    const lines: string[] = []
    for await (const part of child.stdout.setEncoding('utf8')) {
      lines.push(part.trim())
      child.kill(lines.length === 1 ? 'SIGTERM' : 'SIGINT')
    }
    expect(lines).toEqual(['ready', 'stopping', 'still stopping'])
    expect(await ended).toEqual([130, null])
  })
})

test.each([
  [
    'monitor: { remediations: [{ components: ["*"], errorPattern: "(", action: { command: [x] } }] }',
    /0\.errorPattern: .*RE2/,
  ],
  [`monitor: { maintenance: [{ match: ['server=~"("'], times: [always] }] }`, /monitor\.maintenance: /],
  [`alerts: { maintenance: [{ match: ['server=~"("'], times: [always] }] }`, /alerts: /],
])('config check tells of a pattern that the daemon would refuse: %s', (text, words) => {
  const file = join(directory, 'patterns.yaml')
  writeFileSync(file, text)
  const { status, stdout, stderr } = mcpVitals(['config', 'check', '--config', file])
  expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: '', stderr: expect.stringMatching(words) })
})

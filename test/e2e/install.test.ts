import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { parse } from 'jsonc-parser'
import { expect, onTestFinished, test } from 'vitest'
import { homeOfTest } from '../fixtures/clients.js'
import { daemonOfTest, metric } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'

/** The command line of the installed memory server. */
function memory(): readonly [string, string] {
  const manifest = join(process.cwd(), 'node_modules/@modelcontextprotocol/server-memory/package.json')
  const { bin } = createRequire(import.meta.url)(manifest) as { bin: Record<string, string> }
  return [process.execPath, join(dirname(manifest), Object.values(bin)[0]!)]
}

/** A port that nobody listens at. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

interface Entry {
  readonly command: string
  readonly args: string[]
  readonly env?: Record<string, string>
}

test('what install writes runs the server as before, its calls are counted, and uninstall gives the bytes back', async () => {
  const home = homeOfTest()
  const [command, file] = memory()
  const text = `{\r\n\t// the notes\r\n\t"mcpServers": {\r\n\t\t"memory": {\r\n\t\t\t"command": ${JSON.stringify(command)},\r\n\t\t\t"args": [${JSON.stringify(file)}],\r\n\t\t\t"env": { "MEMORY_FILE_PATH": ${JSON.stringify(join(home.path, 'notes.jsonl'))} }\r\n\t\t},\r\n\t}\r\n}`
  home.write('work/.mcp.json', `\uFEFF${text}`)
  const before = home.all()
  const daemon = await daemonOfTest({ dataDir: home.dataDir })

  const shared = await home.run('install', '--yes')
  expect(shared.out).toContain('(--project takes them too)')
  expect(home.all()).toEqual(before)

  const installed = await home.run('install', '--yes', '--project')
  expect(installed).toMatchObject({ status: 0 })
  const { mcpServers } = parse(home.bytes('work/.mcp.json').toString().slice(1)) as { mcpServers: { memory: Entry } }
  // As a client starts it: without the variables of the shell in which install ran.
  const transport = new StdioClientTransport({ ...mcpServers.memory, cwd: home.path })
  const client = new Client({ name: 'test', version: '1' })
  await client.connect(transport)
  const entity = { name: 'Ada', entityType: 'person', observations: [] }
  const answer = await client.callTool({ name: 'create_entities', arguments: { entities: [entity] } })
  expect(JSON.stringify(answer)).toContain('Ada')
  const series = { server: 'memory', tool: 'create_entities', status: 'success' }
  const isCounted = async () => (await metric(daemon.url, 'mcp_tool_calls_total', series)) === 1
  await until(isCounted, 20_000, () => 'the call was not counted')
  await client.close()
  rmSync(join(home.path, 'notes.jsonl'))

  const told = await home.run('status')
  expect(told.out).toMatch(/^claude-code +memory +watched +\S+\.mcp\.json$/m)
  expect(told.out).toContain(`Daemon: answers at ${daemon.url}`)

  expect(await home.run('uninstall', '--yes')).toMatchObject({ status: 0 })
  expect(home.all()).toEqual(before)
  expect(readdirSync(join(home.dataDir, 'install'))).toEqual(['files.json'])
})

const SECRET = 'hunter2hunter2'
const CURSOR = '.cursor/mcp.json'
const OWN = '.config/mcp-vitals/mcp-vitals.yaml'
const UNIT = '.config/systemd/user/mcp-vitals.service'
const NOTES = `{ "mcpServers": { "notes": { "command": "notes", "args": ["--api-key", "${SECRET}", "-e", "A=${SECRET}", "--url=https://u:${SECRET}@x.example/?k=${SECRET}"], "env": { "TOKEN": "${SECRET}" } } } }\n`

test('nothing is changed before a yes; what is shown says all but the secrets', async () => {
  const home = homeOfTest()
  const file = home.write(CURSOR, NOTES)
  const before = home.all()
  const dry = await home.run('install', '--dry-run', 'cursor')
  expect(dry).toMatchObject({ status: 0 })
  const refused = await home.run('install', 'cursor')
  expect(refused).toMatchObject({ status: 2 })
  expect(refused.err).toContain('(INSTALL_UNCONFIRMED)')
  expect(refused.err).toContain('To do it, type: mcp-vitals install cursor --yes')
  expect(home.all()).toEqual(before)
  for (const { out } of [dry, refused]) {
    expect(out).toContain(`Cursor  ${file}`)
    expect(out).toMatch(/^ {4}- notes --api-key \*\*\* -e A=\*\*\* "?--url=https:\/\/\*\*\*@x\.example\/\?k=\*\*\*"?$/m)
    expect(out).toMatch(/^ {4}\+ \S+ \S+main\.js wrap --name notes --data \S+ -- notes --api-key \*\*\*/m)
  }
  for (const text of [dry.out, dry.err, refused.out, refused.err]) expect(text).not.toContain(SECRET)
  expect(await home.run('install', 'netscape')).toMatchObject({ status: 2, out: '' })
})

test('servers with an address go through the gateway, with the headers that the client keeps', async () => {
  const upstream = createServer((request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ path: request.url, authorization: request.headers.authorization }))
  })
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void upstream.close())
  const origin = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`
  const home = homeOfTest()
  const port = await freePort()
  home.write(
    OWN,
    `# mine\nlisten: { port: ${port} } # here\nservers:\n  search: { url: 'http://127.0.0.1:1/mcp' } # another\n`,
  )
  home.write(
    CURSOR,
    `{ "mcpServers": { "search": { "url": "${origin}/deep/mcp?key=1", "headers": { "Authorization": "Bearer ${SECRET}" } }, "ask": { "url": "https://mcp.example.com/\${input:tenant}/mcp" } } }`,
  )
  home.write(
    '.gemini/settings.json',
    `{ "mcpServers": { "search": { "httpUrl": "${origin}/deep/mcp?key=1" }, "old": { "url": "${origin}/events" } } }`,
  )
  const before = home.all()

  expect((await home.run('install', '--yes')).out).toContain('--http takes it through the gateway')
  expect(home.all()).toEqual(before)
  expect(await home.run('install', '--yes', '--http')).toMatchObject({ status: 0 })

  const { search, ask } = JSON.parse(home.bytes(CURSOR).toString()).mcpServers
  const gemini = JSON.parse(home.bytes('.gemini/settings.json').toString()).mcpServers
  expect(search.url).toBe(`http://127.0.0.1:${port}/mcp/search-2`)
  expect(gemini.search.httpUrl).toBe(search.url)
  expect(gemini.old.url).toBe(`http://127.0.0.1:${port}/mcp/old/sse`)
  expect(ask.url).toContain('input:tenant')
  const own = home.bytes(OWN).toString()
  for (const comment of ['# mine', '# here', '# another']) expect(own).toContain(comment)
  expect(own).toMatch(/old: \{ url: \S+, transport: sse \}/)
  expect(own).not.toContain(SECRET)

  await daemonOfTest({ args: ['--config', join(home.path, OWN)], ownPort: true, dataDir: home.dataDir })
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' })
  const headers = {
    ...search.headers,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  }
  const answer = await fetch(search.url, { method: 'POST', body, headers })
  expect(await answer.json()).toEqual({ path: '/deep/mcp?key=1', authorization: `Bearer ${SECRET}` })

  expect(await home.run('uninstall', '--yes')).toMatchObject({ status: 0 })
  expect(home.all()).toEqual(before)
})

test('uninstall takes away the folder that install made, but none that was there before, and none with something in it', async () => {
  const home = homeOfTest()
  const entries = `{ "mcpServers": { "search": { "url": "http://127.0.0.1:${await freePort()}/mcp" } } }`
  home.write(CURSOR, entries)
  const own = join(home.path, dirname(OWN))
  mkdirSync(dirname(own))
  for (const [put, left] of [
    [[], false],
    [['mine'], true],
  ] as const) {
    expect(await home.run('install', '--yes', '--http')).toMatchObject({ status: 0 })
    // As often as it is run: the folder is still ours.
    expect(await home.run('install', '--yes', '--http')).toMatchObject({ status: 0 })
    for (const name of put) writeFileSync(join(own, name), '')
    expect(await home.run('uninstall', '--yes')).toMatchObject({ status: 0 })
    expect(existsSync(own)).toBe(left)
    expect(existsSync(dirname(own))).toBe(true)
  }
})

test('edits made since stay, and our entries alone are undone', async () => {
  const home = homeOfTest()
  home.write(CURSOR, NOTES)
  home.write('.codex/config.toml', '[mcp_servers.notes]\ncommand = "notes" # mine\n')
  await home.run('install', '--yes')
  const edited = home.bytes(CURSOR).toString().replace(' } } }\n', ' }, "new": { "command": "new" } } }\n')
  home.write(CURSOR, edited)
  const first = await home.run('uninstall', '--dry-run')
  expect(first.out).toContain('It was edited since')
  await home.run('install', '--yes')
  home.write(CURSOR, `${home.bytes(CURSOR)}// the end\n`)
  home.write('.codex/config.toml', `${home.bytes('.codex/config.toml')}[mcp_servers.more]\ncommand = "more"\n`)
  const undone = await home.run('uninstall', '--yes')
  expect(undone.out).toContain('It was edited since')
  const expected = NOTES.replace(' } } }\n', ' }, "new": { "command": "new" } } }\n// the end\n')
  expect(home.bytes(CURSOR).toString()).toBe(expected)
  expect(home.bytes('.codex/config.toml').toString()).toBe(
    '[mcp_servers.notes]\ncommand = "notes" # mine\n[mcp_servers.more]\ncommand = "more"\n',
  )
})

test('a second install changes nothing, and the way back is still the first one', async () => {
  const home = homeOfTest()
  home.write(
    '.claude.json',
    '{"projects":{"/a":{"mcpServers":{"one":{"command":"x","args":[]}}}},"mcpServers":{"two":{"command":"y"}}}',
  )
  const before = home.all()
  await home.run('install', '--yes')
  const once = home.all()
  expect((await home.run('status')).out.match(/ watched /g)).toHaveLength(2)
  expect((await home.run('install', '--yes')).out).toContain('There is nothing to change.')
  expect(home.all()).toEqual(once)
  rmSync(join(home.dataDir, 'install'), { recursive: true })
  await home.run('uninstall', '--yes')
  expect(home.all()).toEqual(before)
})

test('a project is found again from anywhere, and a link stays a link to a file of the same mode', async () => {
  const home = homeOfTest()
  const real = home.write('dotfiles/cursor.json', NOTES)
  chmodSync(real, 0o640)
  mkdirSync(join(home.path, '.cursor'))
  symlinkSync(real, join(home.path, CURSOR))
  home.write(
    'work/.vscode/mcp.json',
    `{ "servers": { "s": { "command": "s", "envFile": "\${workspaceFolder}/.env" } } }`,
  )
  const before = home.all()
  await home.run('install', '--yes', '--project')
  expect(lstatSync(join(home.path, CURSOR)).isSymbolicLink()).toBe(true)
  expect(statSync(real).mode & 0o777).toBe(0o640)
  expect(home.bytes('dotfiles/cursor.json').toString()).toContain('"wrap"')
  expect(home.bytes('work/.vscode/mcp.json').toString()).toContain(`"envFile": "\${workspaceFolder}/.env"`)
  expect(await home.from(home.path, 'uninstall', '--yes')).toMatchObject({ status: 0 })
  expect(home.all()).toEqual(before)
})

test('a file that is no JSON is left alone, with its place, and the others are done', async () => {
  const home = homeOfTest()
  const broken = '{\n  "mcpServers": { "a": { "command": } }\n}'
  home.write('.codeium/windsurf/mcp_config.json', broken)
  home.write('.codex/config.toml', '[mcp_servers.x]\ncommand = \n')
  home.write('.gemini/settings.json', Buffer.from([0x7b, 0xff, 0x7d]))
  home.write(CURSOR, NOTES)
  const ran = await home.run('install', '--yes')
  expect(ran.status).toBe(1)
  expect(ran.err).toContain('3 of the files')
  expect(ran.out).toContain('mcp_config.json:2:37: it is no JSON: value expected')
  expect(ran.out).toMatch(/config\.toml:2:\d+: it is no TOML/)
  expect(ran.out).toContain('settings.json:1:1: it is not UTF-8 text')
  expect(home.bytes('.codeium/windsurf/mcp_config.json').toString()).toBe(broken)
  expect(home.bytes(CURSOR).toString()).toContain('"wrap"')
})

test('status says when a wrapped server can no longer start', async () => {
  const home = homeOfTest()
  home.write(
    CURSOR,
    '{"mcpServers":{"s":{"command":"/gone/node","args":["/gone/dist/cli/main.js","wrap","--name","s","--","s"]}}}',
  )
  expect((await home.run('status')).out).toMatch(/^cursor +s +broken/m)
})

/** What the daemon manager is asked, one line a call. */
const SYSTEMCTL = '#!/bin/sh\necho "$@" >> "$HOME/asked"\n'

test('the login service is declared, started, and taken back with the rest', async () => {
  const home = homeOfTest({ systemctl: SYSTEMCTL })
  home.write(CURSOR, NOTES)
  const before = home.all()
  expect(await home.run('install', '--yes', '--service')).toMatchObject({ status: 0 })
  expect(home.bytes('asked').toString()).toBe('--user daemon-reload\n--user enable --now mcp-vitals.service\n')
  const unit = home.bytes(UNIT).toString()
  expect(unit).toContain(`"up" "--config" "${join(home.path, OWN)}" "--data" "${home.dataDir}"`)
  const runtime = { ...process.env, XDG_RUNTIME_DIR: home.path }
  const analyze = ['--user', 'verify', join(home.path, UNIT)]
  const verified = spawnSync('systemd-analyze', analyze, { encoding: 'utf8', env: runtime })
  if (verified.error === undefined) expect(verified).toMatchObject({ status: 0, stderr: '' })
  // The line of the unit, run as it stands.
  const [, node, , ...args] = [...unit.matchAll(/"([^"]+)"/g)].map(([, word]) => word!)
  expect(node).toMatch(/main\.js$/)
  await daemonOfTest({ args: args.filter((word) => word !== 'up'), dataDir: home.dataDir })
  expect((await home.run('status')).out).toContain(`Login service: systemd user service ${join(home.path, UNIT)}`)

  writeFileSync(join(home.path, 'asked'), '')
  expect(await home.run('uninstall', '--yes')).toMatchObject({ status: 0 })
  expect(home.bytes('asked').toString()).toBe('--user disable --now mcp-vitals.service\n')
  rmSync(join(home.path, 'asked'))
  expect(home.all()).toEqual(before)
})

test('a service that is declared already is started again', async () => {
  const home = homeOfTest({ systemctl: SYSTEMCTL })
  await home.run('install', '--yes', '--service')
  rmSync(join(home.path, 'asked'))
  expect(await home.run('install', '--dry-run', '--service')).toMatchObject({ status: 0 })
  expect(home.all()).not.toHaveProperty('asked')
  expect((await home.run('install', '--service')).out).toContain('The systemd user service runs.')
  expect(home.bytes('asked').toString()).toContain('enable --now')
})

test('while a client cannot be put back, the gateway keeps what that client may need', async () => {
  const home = homeOfTest()
  home.write(CURSOR, '{ "mcpServers": { "web": { "url": "https://mcp.example.com/mcp" } } }')
  const before = home.all()
  await home.run('install', '--yes', '--http')
  const [written, own] = [home.bytes(CURSOR), home.bytes(OWN)]
  home.write(CURSOR, '{ broken')
  expect((await home.run('uninstall', '--yes')).status).toBe(1)
  expect(home.bytes(OWN)).toEqual(own)

  // Nor does the way back depend on a configuration that is valid.
  home.write(CURSOR, written)
  home.write(OWN, `${own}nonsense: 1\n`)
  const ran = await home.run('uninstall', '--yes')
  expect(ran.err).toContain('note: The configuration is not valid')
  expect(ran).toMatchObject({ status: 0 })
  expect(home.bytes(CURSOR).toString()).toContain('"https://mcp.example.com/mcp"')
  expect(home.bytes(OWN).toString()).not.toContain('mcp.example.com')
  rmSync(join(home.path, OWN))
  expect(home.all()).toEqual(before)
})

test('where the service cannot be started, the lines to type are shown', async () => {
  const home = homeOfTest({ systemctl: '#!/bin/sh\necho "Failed to connect to bus" >&2\nexit 1\n' })
  const ran = await home.run('install', '--yes', '--service')
  expect(ran).toMatchObject({ status: 0 })
  expect(ran.err).toContain('(Failed to connect to bus)')
  expect(ran.err).toContain('  systemctl --user enable --now mcp-vitals.service\n')
})

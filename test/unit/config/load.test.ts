import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../../packages/server/src/config/index.js'
import { promises } from '../../requirements.js'
import { configFiles } from './files.js'

const { file } = configFiles()

const NOTES = 'servers: { notes: { command: npx, args: [-y, notes] } }\n'

describe('layers', () => {
  test(`without a file everything has its default. ${promises('F8.port.default', 'E1.log.default-level')}`, () => {
    const { config, origin } = loadConfig({ env: {} })
    expect(config).toMatchObject({
      environment: 'development',
      listen: { host: '127.0.0.1', port: 9464 },
      log: { level: 'info', format: 'auto' },
      servers: {},
    })
    expect(origin(['listen', 'port'])).toBe('default')
  })

  test('the file stands above defaults, the environment above the file, the command line above all', () => {
    const path = file(
      'layers.yaml',
      `${NOTES}listen: { port: 1 }\nlog: { level: error, format: json }\nenvironment: a\n`,
    )
    const { config, origin } = loadConfig({
      file: path,
      env: { MCP_VITALS_PORT: '2', LOG_LEVEL: 'DEBUG' },
      overrides: [{ flag: '--port', path: ['listen', 'port'], value: 3 }],
    })
    expect(config).toMatchObject({ listen: { port: 3 }, log: { level: 'debug', format: 'json' }, environment: 'a' })
    expect(origin(['listen', 'port'])).toBe('option --port')
    expect(origin(['log', 'level'])).toBe('environment variable LOG_LEVEL')
    expect(origin(['log', 'format'])).toBe(`file ${path}:3:22`)
    expect(origin(['listen', 'host'])).toBe('default')
  })

  test(promises('D8.env.log-level', 'D8.env.log-format'), () => {
    const path = file('log.yaml', `${NOTES}log: { level: error, format: text }\n`)
    const { config } = loadConfig({ file: path, env: { LOG_LEVEL: 'info', LOG_FORMAT: 'json' } })
    expect(config.log).toMatchObject({ level: 'info', format: 'json' })
  })

  test(promises('D8.env.log-file', 'D8.env.log-max-size', 'D8.env.log-max-files'), () => {
    const env = { LOG_FILE: '/var/log/mcp-dust-server/server.log', LOG_MAX_SIZE: '100m', LOG_MAX_FILES: '10' }
    expect(loadConfig({ env }).config.log).toMatchObject({
      file: '/var/log/mcp-dust-server/server.log',
      maxSizeBytes: 104_857_600,
      maxFiles: 10,
    })
  })

  test.each([
    ['10485760', 10_485_760],
    ['10m', 10_485_760],
    ['64 kB', 65_536],
    ['1G', 1_073_741_824],
  ])('LOG_MAX_SIZE=%s is %i bytes', (text, sizeBytes) => {
    expect(loadConfig({ env: { LOG_MAX_SIZE: text } }).config.log.maxSizeBytes).toBe(sizeBytes)
  })

  test.each(['', '100x', '1.5m', '-1', '12', 'm'])('LOG_MAX_SIZE=%s is no size', (text) => {
    const load = () => loadConfig({ env: { LOG_MAX_SIZE: text } })
    if (text === '') expect(load().config.log.maxSizeBytes).toBe(10_485_760)
    else
      expect(load).toThrow(/LOG_MAX_SIZE: log.maxSizeBytes is ".+"; expected: a size .*for example 10485760 or "100m"/)
  })

  test('a variable that is set but empty counts as absent', () => {
    expect(loadConfig({ env: { MCP_VITALS_PORT: ' ', LOG_LEVEL: '' } }).config.listen.port).toBe(9464)
  })

  test('JSON, JSON with comments and YAML say the same', () => {
    const configs = [
      file('same.yaml', NOTES),
      file('same.json', '{"servers":{"notes":{"command":"npx","args":["-y","notes"]}}}'),
      file('same-bom.json', '\uFEFF{"servers":{"notes":{"command":"npx","args":["-y","notes"]}}}'),
      file(
        'same-tabs.json',
        '{\n\t"servers": {\n\t\t"notes": {\n\t\t\t"command": "npx",\n\t\t\t"args": ["-y", "notes"]\n\t\t}\n\t}\n}\r\n',
      ),
      file(
        'same.jsonc',
        '// mine\n{ /* two\nlines */ "servers": { "notes": { "command": "npx", "args": ["-y", "notes",], }, }, }',
      ),
    ].map((path) => loadConfig({ file: path, env: {} }).config)
    for (const config of configs) expect(config).toEqual(configs[0])
  })

  test('a section whose lines are all commented out means its defaults', () => {
    expect(loadConfig({ file: file('null.yaml', `${NOTES}listen:\n#  port: 1\n`), env: {} }).config.listen.port).toBe(
      9464,
    )
  })

  test('~/ in the state directory is the home directory', () => {
    expect(loadConfig({ env: { MCP_VITALS_DATA: '~/vitals' } }).config.dataDir).toMatch(/^\/.*\/vitals$/)
  })

  test('a file without servers is valid, and a note says so', () => {
    const path = file('none.yaml', 'listen: { port: 1 }\n')
    expect(loadConfig({ file: path, env: {} }).notes).toEqual([`${path} names no server to watch.`])
    expect(
      loadConfig({ file: file('off.yaml', 'servers: { a: { command: x, disabled: true } }'), env: {} }).notes,
    ).toHaveLength(1)
  })
})

describe("a client's file", () => {
  test('mcpServers is taken with the keys that only clients know', () => {
    const path = file(
      'claude.json',
      '{"numStartups":3,"mcpServers":{"My notes":{"type":"stdio","command":"npx","autoApprove":[]},"web":{"type":"http","url":"http://127.0.0.1:1/mcp"}}}',
    )
    expect(loadConfig({ file: path, env: {} }).config.servers).toMatchObject({
      'My notes': { command: 'npx', args: [], env: {} },
      web: { url: 'http://127.0.0.1:1/mcp', transport: 'http' },
    })
  })

  test("VS Code's servers are known by the name of the file or by inputs, comments and all", () => {
    const text = '{\n// mine\n"servers": {"a": {"type": "stdio", "command": "//not a comment", "gallery": true}}}'
    for (const path of [file('mcp.json', text), file('any.json', text.replace('"servers"', '"inputs": [], "servers"'))])
      expect(loadConfig({ file: path, env: {} }).config.servers).toMatchObject({ a: { command: '//not a comment' } })
  })

  test('serverUrl and httpUrl are other words for url', () => {
    const path = file('words.json', '{"mcpServers":{"a":{"serverUrl":"http://a/"},"b":{"httpUrl":"http://b/"}}}')
    expect(loadConfig({ file: path, env: {} }).config.servers).toMatchObject({
      a: { url: 'http://a/' },
      b: { url: 'http://b/' },
    })
  })

  test('a note tells which of our own sections it cannot carry', () => {
    const path = file('mixed.json', '{"mcpServers":{"a":{"command":"x"}},"listen":{"port":1}}')
    const { config, notes } = loadConfig({ file: path, env: {} })
    expect(config.listen.port).toBe(9464)
    expect(notes.join()).toContain('listen in it is ignored; write "servers" for "mcpServers"')
    const code = file('mcp.json', '{"servers":{"a":{"command":"x"}},"listen":{"port":1}}')
    expect(loadConfig({ file: code, env: {} }).notes.join()).toContain('give it another name than mcp.json')
  })

  test('a note tells that "servers" beside "mcpServers" is ignored', () => {
    const path = file('both.json', '{"mcpServers":{"a":{"command":"x"}},"servers":{"b":{"command":"y"}}}')
    const { config, notes } = loadConfig({ file: path, env: {} })
    expect(Object.keys(config.servers)).toEqual(['a'])
    expect(notes).toEqual([expect.stringContaining('what stands under "servers" is ignored')])
  })

  test('a note tells what only an editor does: files of variables, and references outside env, headers and url', () => {
    const entry = { command: 'x', envFile: '.env', args: ['--root', `\${workspaceFolder}/a`, 'secret'], cwd: '' }
    const servers = {
      a: { ...entry, cwd: `\${input:where}` },
      off: { ...entry, cwd: '/', disabled: true },
      shell: { command: 'sh', args: ['-c', `echo \${HOME}`] },
    }
    const path = file('editor.json', JSON.stringify({ mcpServers: servers }))
    expect(loadConfig({ file: path, env: {} }).notes).toEqual([
      `${path}: the "envFile" of a is not read; write its variables under "env".`,
      `${path}: \${workspaceFolder} in the "args" of a is not filled in; write what it stands for.`,
      `${path}: \${input:where} in the "cwd" of a is not filled in; write what it stands for.`,
    ])
  })
})

describe('references to the environment', () => {
  const at = (value: string) =>
    `servers: { a: { url: "http://h/${value}", headers: { T: "Bearer ${value}" } }, b: { command: x, args: ["${value}"], env: { T: "${value}" } } }`

  test('are filled into env, headers and url, and nowhere else', () => {
    const path = file('filled.yaml', at(`\${TOKEN}-\${env:TOKEN}-\${NONE:-d}`))
    expect(loadConfig({ file: path, env: { TOKEN: 'to$&ken' } }).config.servers).toMatchObject({
      a: { url: 'http://h/to$&ken-to$&ken-d', headers: { T: 'Bearer to$&ken-to$&ken-d' } },
      b: { args: [`\${TOKEN}-\${env:TOKEN}-\${NONE:-d}`], env: { T: 'to$&ken-to$&ken-d' } },
    })
  })

  test('of a disabled server need not be set', () => {
    const path = file('disabled.yaml', `servers: { a: { command: x, env: { T: "\${TOKEN}" }, disabled: true } }`)
    expect(loadConfig({ file: path, env: {} }).config.servers).toHaveProperty('a')
  })
})

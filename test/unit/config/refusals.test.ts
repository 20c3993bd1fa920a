import { chmodSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { MAX_FILE_BYTES } from '../../../packages/server/src/config/index.js'
import { configFiles } from './files.js'

const { directory, file, refusal } = configFiles()

describe('files that cannot be read', () => {
  test.each([
    ['missing', () => `${directory}/absent.yaml`, 'CONFIG_NOT_FOUND', 'absent.yaml'],
    ['below a file', () => `${file('plain', 'x')}/config.yaml`, 'CONFIG_NOT_FOUND', 'plain/config.yaml'],
    ['a directory', () => directory, 'CONFIG_UNREADABLE', 'it is a directory'],
    [
      'too large',
      () => file('large.json', `{}${' '.repeat(10 * MAX_FILE_BYTES)}`),
      'CONFIG_UNREADABLE',
      'larger than 1048576 bytes',
    ],
    ['endless', () => '/dev/zero', 'CONFIG_UNREADABLE', 'larger than 1048576 bytes'],
    [
      'not UTF-8',
      () => file('utf16.json', Buffer.from('\uFEFF{}', 'utf16le')),
      'CONFIG_UNREADABLE',
      'it is not UTF-8 text',
    ],
  ])('%s', (_, path, code, words) => {
    const text = refusal(path())
    expect(text).toContain(`(${code})`)
    expect(text).toContain(words)
  })

  test('as large as a file may be is read', () => {
    const text = '{"listen":{"prot":1}}'
    expect(refusal(file('full.json', text.padEnd(MAX_FILE_BYTES)))).toContain('(CONFIG_INVALID)')
  })

  test('not for this user', () => {
    const path = file('secret.yaml', 'x: 1')
    chmodSync(path, 0)
    // Root reads everything, and then finds the unknown key.
    expect(refusal(path)).toContain(process.getuid?.() === 0 ? 'x is an unknown key' : 'this user may not read it')
  })
})

describe('texts that are no configuration', () => {
  test.each([
    ['empty', '', 'bad:1:1: the file is empty; expected: keys such as "servers"'],
    ['comments alone', '# x\n', 'bad:1:1: the file is empty'],
    ['a list', '- a\n', 'bad:1:1: the file holds a list'],
    ['one word', 'hello', 'bad:1:1: the file holds one value'],
    ['a bracket left open', 'listen: [\nservers: {}\n', 'bad:2:1: flow sequence'],
    ['a brace too many', '{"listen":{}}}', 'bad:1:14: unexpected'],
    ['tabs in YAML', 'listen:\n\tport: 1\n', 'bad:2:1: tabs are not allowed'],
    ['a key twice in YAML', 'listen: {}\nlog: {}\nlisten: {}\n', 'bad:3:1: the key listen stands twice'],
    ['a key twice in JSON', '{"log":{},\n "log":{}}', 'bad:2:2: the key "log" stands twice'],
    ['two documents', 'log: {}\n---\nlog: {}\n', 'bad:2:1: source contains multiple documents'],
    ['too deep', `{"log":${'['.repeat(200_000)}`, 'bad:1:1: it is nested too deeply'],
    ['too deep behind a quote', `["'", ${'['.repeat(200_000)}, "'"]`, 'bad:1:1: it is nested too deeply'],
    ['too deep on one line', '- '.repeat(200_000), 'bad:1:1: it is nested too deeply'],
    ['too deep by indentation', staircase(), 'bad:1:1: it is nested too deeply'],
    ['aliases that multiply', `a: &a [x,x,x,x,x,x,x,x,x]\n${aliases()}`, 'bad:1:1: excessive alias count'],
  ])('%s', (_, text, words) => {
    expect(refusal(file('bad', text))).toContain(words)
  })

  test.each([
    ['an object', '{"log":{"level":"info"', 'bad.json:1:23: object in'],
    ['a list', '{"log":[1', 'bad.json:1:10: list in'],
  ])('%s left open in a JSON file is called so', (_, text, words) => {
    const told = refusal(file('bad.json', text))
    expect(told).toContain(words)
    expect(told).not.toContain('flow')
  })
})

/** As many levels as indentation can make within the size limit. */
function staircase(): string {
  return Array.from({ length: 1300 }, (_, level) => `${' '.repeat(level)}l:\n`).join('')
}

/** Nine lists of nine of the list before: a small text that means a billion words. */
function aliases(): string {
  return [...'bcdefghi']
    .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(',')}]\n`)
    .join('')
}

describe('values that are wrong', () => {
  test.each([
    [
      'a word for a number',
      'listen:\n  port: abc\n',
      'own.yaml:2:9: listen.port is "abc"; expected: a whole number from 0 to 65535, for example 9464',
    ],
    [
      'beyond the bound',
      'listen: { port: 65536 }',
      'own.yaml:1:17: listen.port is 65536; expected: a whole number from 0 to 65535',
    ],
    [
      'not of the choices',
      'log: { level: loud }',
      'own.yaml:1:15: log.level is "loud"; expected: one of debug, info, warning, warn, error, critical, for example "info"',
    ],
    ['a value for a group', 'listen: 9464', 'own.yaml:1:9: listen is 9464; expected: a group of keys (host, port, '],
    ['nothing for a value', 'listen: { port: }', 'listen.port is null; expected: a whole number'],
    [
      'an unknown key near a known one',
      'listen:\n  prot: 1\n',
      'own.yaml:2:3: listen.prot is an unknown key; did you mean "port"? Known here: host, port',
    ],
    [
      'an unknown key near none',
      'zzzzzz: 1',
      'own.yaml:1:1: zzzzzz is an unknown key. Known here: preset, environment, dataDir',
    ],
    [
      'a name that no address can carry',
      'servers: { a/b: { command: x } }',
      'own.yaml:1:12: servers.a/b is no valid name; expected: name of the server: 1 to 128 characters',
    ],
    [
      'a name that objects have',
      'servers: { __proto__: { command: x } }',
      'own.yaml:1:12: servers.__proto__ is no valid name',
    ],
    ['our own name', 'servers: { mcp-vitals: { command: x } }', 'servers.mcp-vitals is no valid name'],
    [
      'neither command nor address',
      'servers: { a: {} }',
      'own.yaml:1:15: servers.a lacks a key; expected: a group of keys with "command" or "url"',
    ],
    [
      'a misspelt command',
      'servers: { a: { comand: npx, args: [-y] } }',
      'own.yaml:1:17: servers.a.comand is an unknown key; did you mean "command"?',
    ],
    [
      'both',
      'servers: { a: { command: x, url: "http://h/" } }',
      'own.yaml:1:29: servers.a.url does not go with the keys beside it',
    ],
    [
      'a number among arguments',
      'servers: { a: { command: x, args: [y, 3] } }',
      'own.yaml:1:39: servers.a.args.1 is 3; expected: text',
    ],
    [
      'an address that is none',
      'servers: { a: { url: nope } }',
      'servers.a.url is "nope"; expected: an address that begins with http:// or https://, for example',
    ],
    ['another protocol', 'servers: { a: { url: "ftp://h/" } }', 'servers.a.url is "ftp://h/"; expected: an address'],
    [
      'an address of another protocol than its type has',
      'monitor: { components: { a: { type: postgres, url: "mysql://h/" } } }',
      'monitor.components.a.url is "mysql://h/"; expected: an address that begins with postgres://, for example "postgres://app@db.internal:5432/app"\n  for example: { "monitor": { "components": { "a": { "url": "postgres:',
    ],
    [
      'a key of another type',
      'monitor: { components: { a: { type: redis, url: "redis://h", host: h } } }',
      'monitor.components.a.host is an unknown key. Known here: type, url, timeoutMs',
    ],
    [
      'one of several types',
      'monitor: { components: { a: { type: http, url: "http://h/", expectJson: { a: [1] } } } }',
      'expectJson.a is a list; expected: text, or a number, or true or false, or null',
    ],
    [
      'a group that lacks any of the keys of which it needs one',
      'monitor: { remediations: [{ components: ["*"], action: {} }] }',
      'action lacks a key; expected: a group of keys with "restartUnit" or "command" or "restartServer" or "restartMetricsServer"',
    ],
    [
      'the one value that there is',
      'monitor: { remediations: [{ components: ["*"], action: { restartServer: false } }] }',
      'action.restartServer is false; expected: true, for example true\n  for example: { "monitor": { "remediations": [{"components":["*"]',
    ],
    [
      'the form of a text',
      'monitor: { remediations: [{ components: ["*"], action: { restartUnit: notes } }] }',
      'action.restartUnit is "notes"; expected: the whole name of a unit: letters, digits and : _ . @ \\ -, the first of them neither . nor -, with one of .service, .socket,',
    ],
    [
      'a name server by its name',
      'monitor: { components: { a: { type: dns, host: h, resolver: dns.example.com } } }',
      'monitor.components.a.resolver is "dns.example.com"; expected: an IP address, with a port where it is not 53, for example "192.0.2.53:53"',
    ],
    [
      'a name server at a port that is none, which would end the process',
      'monitor: { components: { a: { type: dns, host: h, resolver: "192.0.2.53:0" } } }',
      'monitor.components.a.resolver is "192.0.2.53:0"; expected: an IP address',
    ],
    [
      'a header that cannot be sent',
      'monitor: { components: { a: { type: http, url: "http://h/", headers: { "x y": "1" } } } }',
      'monitor.components.a.headers.x y is no valid name; expected: name of a header',
    ],
    [
      'a variable that is not set',
      `servers: { a: { url: "\${HOST_X}/mcp" } }`,
      `own.yaml:1:22: servers.a.url \${HOST_X} is not set in the environment`,
    ],
  ])('%s', (_, text, words) => {
    const found = refusal(file('own.yaml', text))
    expect(found).toContain(words)
    expect(found).toContain('(CONFIG_INVALID)')
  })

  test('all of them are told at once, from top to bottom, each once', () => {
    const text = refusal(file('own.yaml', `prot: 1\nlisten: { port: x }\nservers: { a: { url: "\${X}" }, b: {} }\n`))
    expect(text.match(/own\.yaml:\d+/g)).toEqual(['own.yaml:1', 'own.yaml:2', 'own.yaml:3', 'own.yaml:3'])
  })

  test('a variable is named where it is at fault', () => {
    expect(refusal(undefined, { MCP_VITALS_PORT: 'http' })).toContain(
      'environment variable MCP_VITALS_PORT: listen.port is "http"; expected: a whole number from 0 to 65535',
    )
    expect(refusal(file('own.yaml', 'log: { level: info }'), { LOG_LEVEL: 'loud' })).toContain(
      'environment variable LOG_LEVEL: log.level is "loud"',
    )
  })

  test("a client's file is answered in its own words", () => {
    expect(refusal(file('c.json', '{"mcpServers":{"a":{"command":5}}}'))).toContain(
      'c.json:1:31: mcpServers.a.command is 5',
    )
    expect(
      refusal(file('i.json', `{"inputs":[],"servers":{"a":{"command":"x","env":{"T":"\${input:tok}"}}}}`)),
    ).toContain('asks a person, which only an editor can do')
  })

  test.each(['0.0.0.0', '::', '192.168.0.1', 'example.com'])('%s is no loopback address', (host) => {
    const text = refusal(undefined, { MCP_VITALS_HOST: host })
    expect(text).toContain(`Listening on ${host} is refused`)
    expect(text).toContain('(HOST_UNGUARDED)')
  })
})

describe('secrets', () => {
  test.each([
    'servers: { a: { command: x, env: { T: [s3cret] } } }',
    'servers: { a: { command: x, env: T=s3cret } }',
    'servers: { a: { command: 3, env: { T: s3cret } } }',
    'servers: { a: { url: "http://me:s3cret@", headers: { T: s3cret } } }',
    'servers: { a: { url: "ftp://h/?key=s3cret" } }',
    'monitor: { components: { a: { type: http, url: "http://h/", headers: { T: "s3cret\\n" } } } }',
    `servers: { a: { command: x, env: { T: "s3cret\${NONE}" } } }`,
  ])('never stand in a refusal: %s', (text) => {
    expect(refusal(file('own.yaml', text))).not.toContain('s3cret')
  })
})

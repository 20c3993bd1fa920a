import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import {
  configSchema,
  expectedOf,
  loadConfig,
  optionsOf,
  printConfig,
} from '../../../packages/server/src/config/index.js'
import { configFiles } from './files.js'

const { file } = configFiles()

describe('config print', () => {
  const path = file(
    'print.yaml',
    `servers:
  a: { command: npx, args: [--port, "1"], env: { TOKEN: s3cret, REF: "\${REF}" } }
  "b c": { url: "https://me:s3cret@h.example/mcp?key=s3cret", headers: { Authorization: s3cret } }
`,
  )
  const loaded = loadConfig({ file: path, env: { REF: 's3cret', LOG_LEVEL: 'error' } })
  const text = printConfig(loaded)

  test('shows every value, no secret, and reads back as YAML', () => {
    expect(text).not.toContain('s3cret')
    expect(parse(text)).toEqual({
      ...loaded.config,
      servers: {
        a: { ...loaded.config.servers.a, env: { TOKEN: '***', REF: '***' } },
        'b c': {
          url: 'https://***@h.example/mcp?key=***',
          headers: { Authorization: '***' },
          transport: 'http',
          disabled: false,
        },
      },
    })
  })

  test.each([
    ['port: 9464', 'default'],
    ['level: "error"', 'environment variable LOG_LEVEL'],
    ['command: "npx"', `file ${path}:2:8`],
    ['TOKEN: "***"', `file ${path}:2:50`],
  ])('%s comes from %s', (value, origin) => {
    const line = text.split('\n').find((candidate) => candidate.includes(value))
    expect(line?.split('#')[1]?.trim()).toBe(origin)
  })
})

test('the address of the audit log’s database shows no password', () => {
  const env = { MCP_VITALS_AUDIT_POSTGRES: 'postgres://audit:hunter2@db.example.com/audit' }
  const text = printConfig(loadConfig({ file: file('none.json', '{}'), env }))
  expect(text).toContain('postgres: "***"')
  expect(text).not.toContain('hunter2')
})

describe('the schema', () => {
  test.each(optionsOf(configSchema).map(({ path, node }) => [path.join('.'), node] as const))(
    '%s says what it is, what it wants and gives an example that is valid',
    (path, node) => {
      expect(node.description, 'description').toMatch(/[.]$/)
      expect(expectedOf(node)).not.toBe('')
      const example = node.examples?.[0]
      expect(example, 'example').toBeDefined()
      const nested = path.split('.').reduceRight<unknown>((value, key) => ({ [key]: value }), example)
      expect(() => loadConfig({ file: file('example.json', JSON.stringify(nested)), env: {} })).not.toThrow()
    },
  )

  test('no two options share a variable', () => {
    const names = optionsOf(configSchema).flatMap(({ node }) => node.env ?? [])
    expect(new Set(names).size).toBe(names.length)
    expect(names).toContain('MCP_VITALS_PORT')
  })
})

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { loadConfig } from '../../../packages/server/src/config/index.js'
import { overlaid, PRESETS } from '../../../packages/server/src/config/preset.js'

import { promises } from '../../requirements.js'

const home = mkdtempSync(join(tmpdir(), 'mcp-vitals-preset-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

function fileWith(values: object): string {
  const file = join(home, `${Math.random()}.json`)
  writeFileSync(file, JSON.stringify({ servers: { notes: { command: 'notes' } }, ...values }))
  return file
}

describe('presets', () => {
  test.each(PRESETS)('%s is a valid configuration', (preset) => {
    expect(loadConfig({ env: { MCP_VITALS_PRESET: preset } }).config.preset).toBe(preset)
  })

  test(promises('F1.preset.file'), () => {
    const files = readdirSync(new URL('../../../presets/', import.meta.url))
    expect(files.sort()).toEqual(PRESETS.map((name) => `${name}.yaml`).sort())
  })

  test(promises('F1.preset.port'), () => {
    const port = (env: Record<string, string>, values: object, flag?: number) =>
      loadConfig({
        file: fileWith(values),
        env,
        overrides: flag === undefined ? [] : [{ flag: '--port', path: ['listen', 'port'], value: flag }],
      }).config.listen.port
    expect(port({}, {})).toBe(9464)
    expect(port({}, { preset: 'plugins' })).toBe(5000)
    expect(port({ MCP_VITALS_PRESET: 'letta' }, { preset: 'plugins' })).toBe(8000)
    expect(port({}, { preset: 'plugins', listen: { port: 1 } })).toBe(1)
    expect(port({ MCP_VITALS_PORT: '2' }, { preset: 'plugins', listen: { port: 1 } })).toBe(2)
    expect(port({ MCP_VITALS_PORT: '2' }, { preset: 'plugins', listen: { port: 1 } }, 3)).toBe(3)
  })

  test('say where a value came from', () => {
    const { origin } = loadConfig({ file: fileWith({ preset: 'plugins', log: { level: 'debug' } }), env: {} })
    expect(origin(['listen', 'port'])).toBe('preset plugins')
    expect(origin(['log', 'level'])).toMatch(/^file /)
    expect(origin(['listen', 'host'])).toBe('default')
  })

  test('an unknown one is an error that names them all', () => {
    expect(() => loadConfig({ file: fileWith({ preset: 'comerce' }), env: {} })).toThrow(
      /preset is "comerce"; expected: one of messaging, letta, commerce, dust, plugins/,
    )
  })

  test('groups are joined, lists are replaced', () => {
    expect(overlaid({ a: { b: 1, c: [1, 2] }, d: 1 }, { a: { c: [3] }, e: 2 })).toEqual({
      a: { b: 1, c: [3] },
      d: 1,
      e: 2,
    })
  })
})

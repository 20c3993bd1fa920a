import { describe, expect, test } from 'vitest'
import { CLIENTS } from '../../../packages/server/src/install/clients.js'
import { clientFiles, ownConfigPath, type Places } from '../../../packages/server/src/install/places.js'

const LINUX: Places = { platform: 'linux', home: '/home/ada', env: {}, project: '/work' }
const MAC: Places = { platform: 'darwin', home: '/Users/ada', env: {}, project: '/work' }
const WINDOWS: Places = {
  platform: 'win32',
  home: 'C:\\Users\\ada',
  env: { APPDATA: 'C:\\Users\\ada\\AppData\\Roaming' },
  project: 'D:\\work',
}

/** The files of a user, by client; those of projects are the same everywhere. */
const USER_FILES: readonly (readonly [client: string, linux: string, mac: string, windows: string])[] = [
  [
    'claude-desktop',
    '~/.config/Claude/claude_desktop_config.json',
    '+/Claude/claude_desktop_config.json',
    '%/Claude/claude_desktop_config.json',
  ],
  ['claude-code', '~/.claude.json', '~/.claude.json', '~/.claude.json'],
  ['cursor', '~/.cursor/mcp.json', '~/.cursor/mcp.json', '~/.cursor/mcp.json'],
  ['vscode', '~/.config/Code/User/mcp.json', '+/Code/User/mcp.json', '%/Code/User/mcp.json'],
  ['vscode', '~/.config/Code/User/settings.json', '+/Code/User/settings.json', '%/Code/User/settings.json'],
  [
    'vscode',
    '~/.config/Code - Insiders/User/mcp.json',
    '+/Code - Insiders/User/mcp.json',
    '%/Code - Insiders/User/mcp.json',
  ],
  [
    'windsurf',
    '~/.codeium/windsurf/mcp_config.json',
    '~/.codeium/windsurf/mcp_config.json',
    '~/.codeium/windsurf/mcp_config.json',
  ],
  ['zed', '~/.config/zed/settings.json', '~/.config/zed/settings.json', '%/Zed/settings.json'],
  [
    'cline',
    '~/.config/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json',
    '+/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json',
    '%/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json',
  ],
  [
    'cline',
    '~/.cline/data/settings/cline_mcp_settings.json',
    '~/.cline/data/settings/cline_mcp_settings.json',
    '~/.cline/data/settings/cline_mcp_settings.json',
  ],
  ['gemini', '~/.gemini/settings.json', '~/.gemini/settings.json', '~/.gemini/settings.json'],
  ['codex', '~/.codex/config.toml', '~/.codex/config.toml', '~/.codex/config.toml'],
]

const PROJECT_FILES = [
  '.mcp.json',
  '.cursor/mcp.json',
  '.vscode/mcp.json',
  '.vscode/settings.json',
  '.zed/settings.json',
  '.gemini/settings.json',
  '.codex/config.toml',
]

/** `~` the home directory, `+` macOS’s place for applications, `%` Windows’. */
function whole(short: string, { platform, home, env }: Places): string {
  const path = short
    .replace('~', home)
    .replace('+', `${home}/Library/Application Support`)
    .replace('%', env.APPDATA ?? '')
  return platform === 'win32' ? path.replaceAll('/', '\\') : path
}

const pathsOf = (places: Places, id: string) => clientFiles(places, [id]).map(({ path }) => path)

describe.each([
  ['Linux', LINUX, 1],
  ['macOS', MAC, 2],
  ['Windows', WINDOWS, 3],
] as const)('on %s', (_, places, column) => {
  test.each(USER_FILES)('%s', (...row) => expect(pathsOf(places, row[0])).toContain(whole(row[column], places)))

  test('files of the project', () => {
    const found = clientFiles(places).filter(({ file }) => file.scope === 'project')
    const { project, platform } = places
    const sep = platform === 'win32' ? '\\' : '/'
    expect(found.map(({ path }) => path)).toEqual(
      PROJECT_FILES.map((path) => `${project}${sep}${path.replaceAll('/', sep)}`),
    )
  })
})

test('variables name other places', () => {
  const env = { XDG_CONFIG_HOME: '/c', CODEX_HOME: '/x', CLAUDE_CONFIG_DIR: '/l', CLINE_MCP_SETTINGS_PATH: '/m/c.json' }
  const places = { ...LINUX, env }
  expect(pathsOf(places, 'zed')).toContain('/c/zed/settings.json')
  expect(pathsOf(places, 'codex')).toContain('/x/config.toml')
  expect(pathsOf(places, 'claude-code')).toContain('/l/.claude.json')
  expect(pathsOf(places, 'cline')).toContain('/m/c.json')
  expect(ownConfigPath(places)).toBe('/c/mcp-vitals/mcp-vitals.yaml')
  expect(pathsOf({ ...LINUX, env: { XDG_CONFIG_HOME: 'not/absolute' } }, 'zed')).toContain(
    '/home/ada/.config/zed/settings.json',
  )
  expect(pathsOf({ ...WINDOWS, env: {} }, 'zed')).toContain('C:\\Users\\ada\\AppData\\Roaming\\Zed\\settings.json')
  expect(ownConfigPath(MAC)).toBe('/Users/ada/Library/Application Support/mcp-vitals/mcp-vitals.yaml')
})

test('each client says where that is written', () => {
  for (const { source } of CLIENTS) expect(new URL(source).protocol).toBe('https:')
})

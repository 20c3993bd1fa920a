/**
 * Where each client keeps its MCP servers, and in what form. Tokens: `{home}`; `{config}` is `$XDG_CONFIG_HOME`, else
 * `~/.config`; `{support}` is `~/Library/Application Support`; `{appData}` is `%APPDATA%`; `{project}` the directory in
 * which the command runs.
 */
export interface Client {
  readonly id: string
  readonly title: string
  /** The page that says so. */
  readonly source: string
  readonly files: readonly ClientFile[]
  /** `url` is an address of the deprecated HTTP+SSE here, where no `type` says otherwise. */
  readonly urlIsSse?: boolean
}

export interface ClientFile {
  /** `user`: of this user alone. `project`: often shared with others, so it is taken only where that is asked for. */
  readonly scope: 'user' | 'project'
  readonly format: 'jsonc' | 'toml'
  readonly path: Readonly<Record<'linux' | 'darwin' | 'win32', string>>
  /** A variable that names another place: its value, and what follows it. */
  readonly env?: { readonly name: string; readonly path: string }
  /** Key paths of the objects that hold servers by name; `*` is any key. */
  readonly servers: readonly (readonly string[])[]
}

const everywhere = (path: string): ClientFile['path'] => ({ linux: path, darwin: path, win32: path })
const MCP_SERVERS = [['mcpServers']]

const project = (path: string, servers: ClientFile['servers'], format: ClientFile['format'] = 'jsonc'): ClientFile => ({
  scope: 'project',
  format,
  path: everywhere(`{project}/${path}`),
  servers,
})

/** A file below the directory in which VS Code and what is made of it keep a user's settings. */
const codeUser = (product: string, path: string, servers: ClientFile['servers']): ClientFile => ({
  scope: 'user',
  format: 'jsonc',
  path: {
    linux: `{config}/${product}/User/${path}`,
    darwin: `{support}/${product}/User/${path}`,
    win32: `{appData}/${product}/User/${path}`,
  },
  servers,
})

const CLINE_FILE = 'globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json'

export const CLIENTS: readonly Client[] = [
  {
    id: 'claude-desktop',
    title: 'Claude Desktop',
    source: 'https://modelcontextprotocol.io/docs/develop/connect-local-servers',
    files: [
      {
        scope: 'user',
        format: 'jsonc',
        path: {
          // There is no official Linux build; the community's keep to this place.
          linux: '{config}/Claude/claude_desktop_config.json',
          darwin: '{support}/Claude/claude_desktop_config.json',
          win32: '{appData}/Claude/claude_desktop_config.json',
        },
        servers: MCP_SERVERS,
      },
    ],
  },
  {
    id: 'claude-code',
    title: 'Claude Code',
    source: 'https://code.claude.com/docs/en/mcp',
    files: [
      {
        scope: 'user',
        format: 'jsonc',
        path: everywhere('{home}/.claude.json'),
        env: { name: 'CLAUDE_CONFIG_DIR', path: '.claude.json' },
        servers: [['mcpServers'], ['projects', '*', 'mcpServers']],
      },
      project('.mcp.json', MCP_SERVERS),
    ],
  },
  {
    id: 'cursor',
    title: 'Cursor',
    source: 'https://cursor.com/docs/mcp',
    files: [
      { scope: 'user', format: 'jsonc', path: everywhere('{home}/.cursor/mcp.json'), servers: MCP_SERVERS },
      project('.cursor/mcp.json', MCP_SERVERS),
    ],
  },
  {
    id: 'vscode',
    title: 'VS Code',
    source: 'https://code.visualstudio.com/docs/copilot/reference/mcp-configuration',
    files: [
      codeUser('Code', 'mcp.json', [['servers']]),
      codeUser('Code', 'settings.json', [['mcp', 'servers']]),
      codeUser('Code - Insiders', 'mcp.json', [['servers']]),
      codeUser('Code - Insiders', 'settings.json', [['mcp', 'servers']]),
      project('.vscode/mcp.json', [['servers']]),
      project('.vscode/settings.json', [['mcp', 'servers']]),
    ],
  },
  {
    id: 'windsurf',
    title: 'Windsurf',
    source: 'https://docs.windsurf.com/windsurf/cascade/mcp',
    files: [
      {
        scope: 'user',
        format: 'jsonc',
        path: everywhere('{home}/.codeium/windsurf/mcp_config.json'),
        servers: MCP_SERVERS,
      },
    ],
  },
  {
    id: 'zed',
    title: 'Zed',
    // Where its settings are: https://zed.dev/docs/configuring-zed
    source: 'https://zed.dev/docs/ai/mcp',
    files: [
      {
        scope: 'user',
        format: 'jsonc',
        path: {
          linux: '{config}/zed/settings.json',
          darwin: '{home}/.config/zed/settings.json',
          win32: '{appData}/Zed/settings.json',
        },
        servers: [['context_servers']],
      },
      project('.zed/settings.json', [['context_servers']]),
    ],
  },
  {
    id: 'cline',
    title: 'Cline',
    source: 'https://docs.cline.bot/mcp/mcp-overview',
    files: [
      codeUser('Code', CLINE_FILE, MCP_SERVERS),
      codeUser('Code - Insiders', CLINE_FILE, MCP_SERVERS),
      {
        scope: 'user',
        format: 'jsonc',
        path: everywhere('{home}/.cline/data/settings/cline_mcp_settings.json'),
        env: { name: 'CLINE_MCP_SETTINGS_PATH', path: '' },
        servers: MCP_SERVERS,
      },
    ],
  },
  {
    id: 'gemini',
    title: 'Gemini CLI',
    source: 'https://github.com/google-gemini/gemini-cli/blob/main/docs/tools/mcp-server.md',
    urlIsSse: true,
    files: [
      { scope: 'user', format: 'jsonc', path: everywhere('{home}/.gemini/settings.json'), servers: MCP_SERVERS },
      project('.gemini/settings.json', MCP_SERVERS),
    ],
  },
  {
    id: 'codex',
    title: 'Codex',
    source: 'https://developers.openai.com/codex/mcp',
    files: [
      {
        scope: 'user',
        format: 'toml',
        path: everywhere('{home}/.codex/config.toml'),
        env: { name: 'CODEX_HOME', path: 'config.toml' },
        servers: [['mcp_servers']],
      },
      project('.codex/config.toml', [['mcp_servers']], 'toml'),
    ],
  },
]

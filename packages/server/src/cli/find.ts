import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { ownConfigPath } from '../install/index.js'
import type { Terminal } from './terminal.js'

const OWN_FILES = ['mcp-vitals.yaml', 'mcp-vitals.yml', 'mcp-vitals.json']
const CLIENT_FILES = ['.mcp.json', 'mcp.json', '.vscode/mcp.json', '.cursor/mcp.json']

/** Our own configuration, in the working directory or else the user’s: whoever wrote that name meant us to use it. */
export function findOwnFile(env: Terminal['env']): string | undefined {
  const users = ownConfigPath({ platform: process.platform, home: homedir(), env })
  return [...OWN_FILES, users].find((name) => existsSync(name))
}

/** A client’s configuration that lies around. It may be a stranger’s: its commands are not started unasked. */
export function findClientFile(): string | undefined {
  return CLIENT_FILES.find((name) => existsSync(name))
}

import { posix } from 'node:path'
import type { Places } from './places.js'

/** The program that a login service runs, every path absolute. */
export interface ServiceProgram {
  readonly node: string
  readonly main: string
  readonly config: string
  /** State directory, where it is not the one that the daemon finds by itself. */
  readonly dataDir: string | undefined
}

/** How this platform starts a program at login. */
export interface Service {
  /** What it is called in a sentence. */
  readonly title: string
  /** The file that declares it, and its text; undefined where there is none (Windows). */
  readonly file: { readonly path: string; readonly text: string } | undefined
  /** Command lines that take the file up and start it, in order. */
  readonly start: readonly (readonly string[])[]
  /** Command lines that stop it, while the file is still there. */
  readonly stop: readonly (readonly string[])[]
}

const LABEL = 'mcp-vitals'
const UNIT = `${LABEL}.service`

export function loginService(places: Places, program: ServiceProgram): Service {
  if (places.platform === 'darwin') return launchAgent(places, program)
  if (places.platform === 'win32') return scheduledTask(program)
  return systemdUnit(places, program)
}

function commandOf({ node, main, config, dataDir }: ServiceProgram): readonly string[] {
  return [node, main, 'up', '--config', config, ...(dataDir === undefined ? [] : ['--data', dataDir])]
}

/** https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html */
function systemdUnit({ home, env }: Places, program: ServiceProgram): Service {
  const configHome = env.XDG_CONFIG_HOME
  const root = configHome && posix.isAbsolute(configHome) ? configHome : posix.join(home, '.config')
  const text = `[Unit]
Description=mcp-vitals: vital signs for MCP servers

[Service]
ExecStart=${commandOf(program).map(unitWord).join(' ')}
Restart=on-failure
RestartSec=5

[Install]
WantedBy=default.target
`
  return {
    title: 'systemd user service',
    file: { path: posix.join(root, 'systemd', 'user', UNIT), text },
    start: [
      ['systemctl', '--user', 'daemon-reload'],
      ['systemctl', '--user', 'enable', '--now', UNIT],
    ],
    stop: [['systemctl', '--user', 'disable', '--now', UNIT]],
  }
}

/** A word as systemd reads it: its specifiers and variables are not meant. */
function unitWord(word: string): string {
  return `"${word.replace(/["\\]/g, '\\$&').replaceAll('%', '%%').replaceAll('$', '$$$$')}"`
}

/** launchd.plist(5) */
function launchAgent({ home }: Places, program: ServiceProgram): Service {
  const path = posix.join(home, 'Library', 'LaunchAgents', `${LABEL}.plist`)
  const words = commandOf(program).map((word) => `    <string>${xml(word)}</string>\n`)
  const text = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>${LABEL}</string>
  <key>ProgramArguments</key>
  <array>
${words.join('')}  </array>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
</dict>
</plist>
`
  return {
    title: 'launchd agent',
    file: { path, text },
    start: [['launchctl', 'load', '-w', path]],
    stop: [['launchctl', 'unload', '-w', path]],
  }
}

function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** Task Scheduler has no file of its own to write: the command line is told. */
function scheduledTask(program: ServiceProgram): Service {
  const run = commandOf(program)
    .map((word) => `\\"${word}\\"`)
    .join(' ')
  return {
    title: 'scheduled task',
    file: undefined,
    start: [['schtasks', '/Create', '/TN', LABEL, '/SC', 'ONLOGON', '/TR', `"${run}"`]],
    stop: [['schtasks', '/Delete', '/TN', LABEL, '/F']],
  }
}

import { readStatus } from '../install/index.js'
import { visible } from './consent.js'
import { type Installation, openInstallation } from './installation.js'
import type { Terminal } from './terminal.js'

/** How long a daemon may take to answer. Milliseconds. */
const ANSWER_TIMEOUT_MS = 2_000

/** A table of clients, their files and servers, then the login service and the daemon. */
export async function status(terminal: Terminal): Promise<void> {
  const installation = await openInstallation(terminal, { isForgiving: true })
  const { places, ledger, gatewayUrl } = installation
  const rows: (readonly string[])[] = []
  for (const file of await readStatus(places, ledger, gatewayUrl)) {
    if ('error' in file) rows.push([file.title, '', '', visible(file.path), file.error.message])
    else if (file.servers.length === 0) rows.push([file.client, '(no servers)', '', visible(file.path)])
    else
      for (const { name, state, isDisabled } of file.servers)
        rows.push([file.client, visible(name), SAID[state] + (isDisabled ? ', disabled' : ''), visible(file.path)])
  }
  if (rows.length === 0) terminal.out.write('No configuration of an MCP client that install knows was found.\n')
  else terminal.out.write(table([['CLIENT', 'SERVER', 'STATE', 'FILE'], ...rows]))
  terminal.out.write(`\nLogin service: ${serviceState(installation)}\nDaemon: ${await daemonState(installation)}\n`)
}

const SAID = {
  watched: 'watched',
  unwatched: 'not watched',
  broken: 'broken: its mcp-vitals or Node is gone; uninstall, then install',
} as const

function table(rows: readonly (readonly string[])[]): string {
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return rows.map((row) => `${line(row)}\n`).join('')
}

function serviceState({ service, ledger }: Installation): string {
  const { title, file } = service
  if (file === undefined) return `on this platform a ${title}, which mcp-vitals does not look at`
  return ledger.of(file.path) ? `${title} ${visible(file.path)}` : 'none (mcp-vitals install --service)'
}

async function daemonState({ dataDir }: Installation): Promise<string> {
  const daemon = await dataDir.findDaemon()
  if (daemon === undefined) return 'none runs (mcp-vitals up, or mcp-vitals install --service)'
  const { url, pid } = daemon
  try {
    await fetch(`${url}/health`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) })
    return `answers at ${url}`
  } catch {
    return `process ${pid} does not answer at ${url}`
  }
}

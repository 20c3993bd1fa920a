import { createServer } from 'node:net'
import { findHolder, type Holder } from '../../listen/index.js'
import type { DaemonSeen, Diagnosis, Finding } from '../contract.js'
import { leftOut, looked } from '../contract.js'
import { shown } from '../shared/words.js'

/** How many ports after the wanted one are tried for one that is free. */
const TRIED = 20

/** A port that the daemon listens on, and the ways to choose another. */
interface Wanted {
  readonly option: string
  readonly variable: string
  readonly host: string
  readonly port: number
}

/** The ports that the configuration names, tried as the daemon does: by listening. */
export const ports: Diagnosis = {
  name: 'ports',
  finds: [
    'a port that another program has: which one, and a port that is free',
    'a port that this user may not listen on',
    'an address to listen on that this machine does not have',
  ],
  async look({ configuration: { config }, daemon }) {
    if (!config) return leftOut('the configuration is not valid')
    const { listen, metrics } = config
    const wanted: readonly Wanted[] = [
      { option: 'listen.port', variable: 'MCP_VITALS_PORT', host: listen.host, port: listen.port },
      ...(metrics.port === undefined
        ? []
        : [{ option: 'metrics.port', variable: 'METRICS_PORT', host: listen.host, port: metrics.port }]),
    ].filter(({ port }) => port !== 0)
    const findings = await Promise.all(wanted.map((one) => lookAt(one, daemon)))
    const seen = wanted.map(({ host, port }) => `${host}:${port}`).join(', ')
    return looked(seen || 'the system chooses', findings.flat())
  },
}

async function lookAt(wanted: Wanted, daemon: DaemonSeen | undefined): Promise<readonly Finding[]> {
  const code = await tryToListen(wanted.host, wanted.port)
  const { host, port, option } = wanted
  switch (code) {
    case undefined:
      return []
    case 'EADDRINUSE': {
      const holder = findHolder(port)
      return isOwn(holder, port, daemon) ? [] : [await taken(wanted, holder)]
    }
    case 'EACCES':
      return [
        {
          severity: 'error',
          problem: `This user may not listen on port ${port}.`,
          evidence: [`listening on ${host}:${port} failed: ${code}`],
          why: 'Ports below 1024 are for privileged programs, so the daemon cannot start.',
          next: `Choose a higher port for \`${option}\`.`,
          fix: await waysOut(wanted),
        },
      ]
    default:
      return [
        {
          severity: 'error',
          problem: `The daemon cannot listen on ${host}:${port}.`,
          evidence: [`listening there failed: ${code}`],
          why: 'An address to listen on must be one of this machine.',
          next: 'Name an address of this machine; 127.0.0.1 is reached from here alone.',
          fix: ['ip -brief address', 'mcp-vitals up --host 127.0.0.1'],
        },
      ]
  }
}

async function taken(wanted: Wanted, holder: Holder | undefined): Promise<Finding> {
  const { host, port, option } = wanted
  const isSibling = holder?.commandLine.some((word) => /mcp-vitals|server\/dist\/cli\/main\.js$/.test(word)) === true
  const who = holder === undefined ? 'a program of another user' : `${shown(holder.program)} (process ${holder.pid})`
  return {
    severity: 'error',
    problem: `Port ${port} on ${host} is in use by ${who}.`,
    evidence: [
      holder === undefined
        ? `listening on ${host}:${port} failed: EADDRINUSE; the system does not tell who has it`
        : `process ${holder.pid}: ${shown(holder.commandLine.join(' '))}`,
      ...(isSibling ? ['it is another mcp-vitals, with another state directory'] : []),
    ],
    why: 'Two programs cannot listen on one port, so the daemon does not start.',
    next: `Stop that program, or choose another port for \`${option}\`.`,
    fix: [
      ...(await waysOut(wanted)),
      ...(holder === undefined ? [`sudo ss -ltnp 'sport = :${port}'`] : [`kill ${holder.pid}`]),
    ],
  }
}

function isOwn(holder: Holder | undefined, port: number, daemon: DaemonSeen | undefined): boolean {
  if (daemon === undefined || daemon.is === 'gone') return false
  return holder === undefined ? new URL(daemon.url).port === String(port) : holder.pid === daemon.pid
}

/** By the command line where it has an option for it, and by the variable. */
async function waysOut({ option, variable, host, port }: Wanted): Promise<readonly string[]> {
  const free = await freePortAfter(host, port)
  return [`${variable}=${free} mcp-vitals up`, ...(option === 'listen.port' ? [`mcp-vitals up --port ${free}`] : [])]
}

async function freePortAfter(host: string, port: number): Promise<number> {
  const first = port < 1024 ? port + 8000 : port + 1
  for (let next = first; next < Math.min(first + TRIED, 65_536); next++)
    if ((await tryToListen(host, next)) === undefined) return next
  return first
}

/** Listens and stops again: undefined, or the code of the error. */
function tryToListen(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'failed'))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}

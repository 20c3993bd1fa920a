import type { Diagnosis, Finding, Outcome, Patient, ServerToTry } from '../contract.js'
import { leftOut, looked } from '../contract.js'
import { counted } from '../shared/words.js'
import { callWords, judgeCall, noSuchTool } from './judge-call.js'
import { judgeStdio } from './judge-stdio.js'
import { judgePage } from './pages.js'
import type { SessionSeen } from './session.js'
import { tryStdio } from './stdio.js'
import { tryWeb } from './web.js'

/** Servers tried side by side: each may start a process, or fetch a package. */
const SIDE_BY_SIDE = 4

interface Tried {
  readonly name: string
  readonly seen: SessionSeen | undefined
  readonly findings: readonly Finding[]
}

/** Each server of the configuration, tried as a client does. */
export const servers: Diagnosis = {
  name: 'servers',
  finds: [
    'a command that is not there or not executable, a directory that is not there',
    'a server that ends at once, with what it said; one that wants another Node, a package, a file, Docker',
    'a variable of the environment that it needs and was not given',
    'a package that npx could not fetch',
    'standard output with what is no JSON-RPC',
    'no answer in time, or a late one',
    'nothing listens on the port, and which ports are listened on; a port that fetch never asks; a name that is not known; a firewall',
    'a certificate that is not trusted, has ended or is for another name; TLS where there is none',
    'HTTP 401, 403, 404, 405, 406, 429, 5xx and redirections; the transport or path that it does speak',
    'an answer that is neither an event stream nor JSON-RPC',
    'an event stream that a proxy collects',
    'a page that the browser does not let through (with --origin)',
    'a tool call that fails: its arguments, its JSON-RPC, a plugin’s help, an error of its own (with --call)',
  ],
  async look(patient) {
    const names = Object.keys(patient.servers)
    if (names.length === 0)
      return leftOut(patient.configuration.problem ? 'the configuration is not valid' : 'no server is configured')
    const waiting = Object.entries(patient.servers)
    const tried: Tried[] = []
    const work = async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
        tried.push(await tryOne(next[0], next[1], patient))
    }
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work))
    tried.sort((one, other) => names.indexOf(one.name) - names.indexOf(other.name))
    return outcomeOf(tried, patient)
  },
}

function outcomeOf(tried: readonly Tried[], { asked: { call } }: Patient): Outcome {
  const told = tried.map(({ name, seen }) =>
    seen === undefined
      ? `${name} does not answer`
      : `${name} has ${counted(seen.tools.length, 'tool')}${callWords(seen.call)}`,
  )
  const findings = tried.flatMap((one) => one.findings)
  const isCalled = call === undefined || tried.some(({ seen }) => seen?.call !== undefined)
  const known = tried.flatMap(({ seen }) => seen?.tools.map(({ name }) => name) ?? [])
  return looked(told.join(', '), isCalled ? findings : [...findings, noSuchTool(call.tool, known)])
}

async function tryOne(name: string, server: ServerToTry, patient: Patient): Promise<Tried> {
  const { asked, signal, daemon } = patient
  const isStdio = 'command' in server
  const secrets = Object.values(isStdio ? server.env : server.headers)
  const trial = isStdio ? await tryStdio(server, asked, patient) : await tryWeb(server, patient)
  const found =
    'findings' in trial
      ? trial.findings.map((finding) => ({ ...finding, subject: name }))
      : judgeStdio(name, server as Extract<ServerToTry, { command: string }>, trial, patient)
  const { seen } = trial
  const called =
    asked.call && seen?.call
      ? judgeCall(
          name,
          asked.call,
          seen.call,
          seen.tools.find((tool) => tool.name === asked.call?.tool),
          secrets,
        )
      : []
  const addresses = [
    ...(isStdio ? [] : [server.url]),
    ...(daemon?.is === 'answers' ? [`${daemon.url}/mcp/${encodeURIComponent(name)}`] : []),
  ]
  const pages =
    asked.origin === undefined
      ? []
      : await Promise.all(addresses.map((url) => judgePage(name, url, asked.origin!, signal, daemon)))
  return { name, seen, findings: [...found, ...called, ...pages.flat()] }
}

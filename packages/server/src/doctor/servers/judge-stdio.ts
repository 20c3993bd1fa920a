import { existsSync } from 'node:fs'
import { delimiter } from 'node:path'
import type { Finding, Patient } from '../contract.js'
import { counted, lasting, quoted, shown } from '../shared/words.js'
import { causeOf, type Spoken } from './causes.js'
import type { Junk, StdioServer, StdioTrial } from './stdio.js'

/** A first answer that takes more of the time that it may take is late: some clients wait less long than others. */
const LATE_SHARE = 1 / 3
/** How much of standard error is shown. */
const SHOWN_LINES = 5
const DEAD = 'A client that starts it shows a failed server without a tool, mostly without saying why.'

/** What a trial of a stdio server tells. */
export function judgeStdio(
  name: string,
  server: StdioServer,
  trial: StdioTrial,
  patient: Pick<Patient, 'env' | 'asked'>,
): readonly Finding[] {
  const about = { subject: name }
  const secrets = Object.values(server.env)
  const show = (text: string) => shown(text, secrets)
  const { exit, seen, junk, stderr } = trial
  if (exit?.startFailure) return [{ ...about, ...unstarted(server, exit.startFailure, patient) }]
  const spoken: Spoken = { command: server.command, args: server.args, given: trial.given, env: patient.env }
  // What was to go to standard error stands on standard output often enough.
  const cause = causeOf(junk === undefined ? stderr : [...stderr, junk.first], spoken)
  const said = stderr.slice(-SHOWN_LINES).map((line) => `it said: ${show(line)}`)
  const findings: Finding[] = []
  if (seen === undefined) {
    const how = howItFailed(trial, patient.asked.timeoutMs)
    findings.push({
      ...about,
      severity: 'error',
      problem: cause?.problem ?? `${how[0]!.toUpperCase()}${how.slice(1)}.`,
      evidence: cause ? [how, `it said: ${show(cause.line)}`] : [startedAs(server, secrets), ...said],
      why: DEAD,
      next: cause?.next ?? 'Run it by hand, as it stands here, and see what it says.',
      fix: cause?.fix ?? byHand(server, secrets, exit === undefined),
    })
  } else {
    if (cause?.variables)
      findings.push({
        ...about,
        severity: 'warning',
        problem: cause.problem,
        evidence: [`it answers, and said: ${show(cause.line)}`],
        why: 'It runs, but tools that need what is missing will fail.',
        next: cause.next,
        fix: cause.fix,
      })
    if (seen.answerMs > LATE_SHARE * patient.asked.timeoutMs)
      findings.push({ ...about, ...slow(seen.answerMs, server) })
  }
  if (junk !== undefined) findings.push({ ...about, ...noise(junk, seen !== undefined, show) })
  return findings
}

type Bare = Omit<Finding, 'subject'>

function unstarted(server: StdioServer, failure: string, { env }: Pick<Patient, 'env'>): Bare {
  const { command, cwd } = server
  if (cwd !== undefined && !existsSync(cwd))
    return {
      severity: 'error',
      problem: `There is no directory ${shown(cwd)} to start it in.`,
      evidence: [`\`cwd\` of its entry is ${shown(cwd)}`],
      why: DEAD,
      next: 'Write the directory as it is, or leave `cwd` out.',
      fix: [`mkdir -p ${quoted(cwd)}`],
    }
  if (failure === 'not_executable')
    return {
      severity: 'error',
      problem: `The command ${shown(command)} cannot be executed.`,
      evidence: ['the system refused to run it'],
      why: DEAD,
      next: 'Make the file executable, or name its interpreter as `command` and the file in `args`.',
      fix: [`chmod +x ${quoted(command)}`, `"command": "node", "args": [${JSON.stringify(shown(command))}]`],
    }
  const isPath = command.includes('/')
  const places = (server.env.PATH ?? env.PATH ?? '').split(delimiter).filter((place) => place !== '')
  return {
    severity: 'error',
    problem: `There is no command ${shown(command)}.`,
    evidence: [
      isPath
        ? `there is no file ${shown(command)}`
        : `it is in none of the ${counted(places.length, 'directory', 'directories')} of PATH: ${shown(places.join(delimiter))}`,
    ],
    why: DEAD,
    next: isPath
      ? 'Write the path as it is; one that does not begin with / counts from `cwd`.'
      : 'Install it, or write its whole path: the PATH of a client or a service is often shorter than that of a terminal.',
    fix: [...(INSTALL[command] ?? []), `command -v ${quoted(command)}`],
  }
}

/** How programs that start servers are installed. */
const INSTALL: Readonly<Record<string, readonly string[]>> = {
  npx: ['nvm install --lts   # npx comes with Node'],
  uvx: ['python3 -m pip install uv'],
  uv: ['python3 -m pip install uv'],
  docker: ['sudo apt install docker.io'],
  python: ['sudo apt install python3   # and write python3 as command'],
}

function howItFailed({ exit, error, stderr }: StdioTrial, timeoutMs: number): string {
  if (exit !== undefined) {
    const how = exit.signal === null ? `with status ${exit.code}` : `by ${exit.signal}`
    return `it ended ${how} before it answered${stderr.length === 0 ? ', and said nothing' : ''}`
  }
  const { code, message = '' } = (error ?? {}) as { readonly code?: unknown; readonly message?: string }
  if (code === 'REQUEST_TIMEOUT' || /^no answer within/.test(message))
    return `it gave no answer within ${lasting(timeoutMs)}`
  return `it answered the first questions with an error: ${shown(message || String(code))}`
}

const startedAs = ({ command, args }: StdioServer, secrets: readonly string[]): string =>
  `started as: ${[command, ...args].map((word) => quoted(word, secrets)).join(' ')}`

/** Its first question by hand. */
function byHand({ command, args, env }: StdioServer, secrets: readonly string[], isSilent: boolean): readonly string[] {
  const variables = Object.keys(env).map((name) => `${name}=…`)
  const line = [...variables, ...[command, ...args].map((word) => quoted(word, secrets))]
  const ask = `echo '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"hand","version":"1"}}}' | ${line.join(' ')}`
  return [ask, ...(isSilent ? ['mcp-vitals doctor --timeout 120', '{ "gateway": { "startTimeoutMs": 120000 } }'] : [])]
}

function slow(answerMs: number, { command }: StdioServer): Bare {
  const isFetching = /(?:^|\/)(?:npx|uvx|pipx|docker|bunx)$/.test(command)
  return {
    severity: 'warning',
    problem: `It takes ${lasting(answerMs)} until its first answer.`,
    evidence: [`from its start to the answer of \`initialize\`: ${lasting(answerMs)}`],
    why: 'Clients give up after some time, many after 10 to 60 s, and each session starts it anew.',
    next: isFetching
      ? 'It may be fetched at each start: install it once, and name its program.'
      : 'See what it does before it answers, and give it more time where that must be.',
    fix: [...(isFetching ? ['npm install -g <its package>'] : []), '{ "gateway": { "startTimeoutMs": 120000 } }'],
  }
}

function noise({ lines, first, is }: Junk, isAnswering: boolean, show: (text: string) => string): Bare {
  const words = {
    text: 'prints to standard output what is no message of JSON-RPC',
    json: 'prints JSON to standard output that is no message of JSON-RPC: `"jsonrpc": "2.0"` is missing',
    lsp: 'puts headers before its messages, as language servers do; MCP has a message a line and no headers',
  }
  return {
    severity: isAnswering ? 'warning' : 'error',
    problem: `It ${words[is]}.`,
    evidence: [`the first of ${counted(lines, 'such line')}: ${show(first)}`],
    why: 'Standard output belongs to the protocol: some clients close the connection at such a line, others show an error each time.',
    next: 'Have it log to standard error.',
    fix:
      is === 'json'
        ? ['{"jsonrpc":"2.0","id":<that of the request>,"result":{…}}']
        : [
            "console.error('…')                # JavaScript, in place of console.log",
            "print('…', file=sys.stderr)       # Python, in place of print",
          ],
  }
}

import { resolve } from 'node:path'
import { type LoadedConfig, loadConfig } from '../config/index.js'
import { defaultDataDir } from '../datadir/index.js'
import {
  type Asked,
  blockOf,
  DIAGNOSES,
  examine,
  jsonOf,
  meetDaemon,
  type Patient,
  type ServerToTry,
  statusOf,
  sumOf,
} from '../doctor/index.js'
import { VitalsError, vitalsError } from '../errors/index.js'
import { VERSION } from '../version/index.js'
import { addressOf, commandOf } from './check-subjects.js'
import { findClientFile, findOwnFile } from './find.js'
import { reachableServers } from './plugins-command.js'
import { STATUS } from './report.js'
import { onStopSignal } from './signals.js'
import type { Terminal } from './terminal.js'
import { overridesOf, type UpFlags } from './up.js'

/** What the command line gave to `doctor`. */
export interface DoctorFlags extends Omit<UpFlags, 'demo'> {
  readonly call?: string
  readonly args?: string
  readonly origin?: string
  readonly plugins?: string
  readonly prometheus?: string
  readonly grafana?: string
  readonly timeout?: string
  readonly json?: boolean
}

const DEFAULT_TIMEOUT_SECONDS = 30
const MAX_TIMEOUT_SECONDS = 600

/** Looks for troubles and tells of each. Resolves to the exit status. Throws DOCTOR_OPTION_INVALID and CONFIG_NOT_FOUND of a target. */
export async function doctor(
  target: string | undefined,
  wrapped: readonly string[],
  flags: DoctorFlags,
  terminal: Terminal,
): Promise<number> {
  const { out, err } = terminal
  const stop = new AbortController()
  const signals = onStopSignal()
  void signals.stopped.then(() => stop.abort())
  try {
    const patient = await patientOf(target, wrapped, flags, terminal, stop.signal)
    if (!flags.json) out.write(headOf(patient))
    const report = await examine(patient, DIAGNOSES, (examined) => {
      if (!flags.json) out.write(blockOf(examined))
    })
    if (flags.json) out.write(`${JSON.stringify(jsonOf(report), undefined, 2)}\n`)
    else out.write(`\n${sumOf(report)}`)
    if (!stop.signal.aborted) return statusOf(report)
    err.write('Interrupted: not everything was looked at.\n')
    return STATUS.interrupted
  } finally {
    signals.forget()
  }
}

function headOf({ configuration, dataDir, daemon }: Patient): string {
  const running = daemon?.is === 'answers' ? `${daemon.url} (process ${daemon.pid})` : 'none answers'
  return [
    `mcp-vitals ${VERSION} doctor`,
    `configuration: ${configuration.file ?? 'none'}; state directory: ${dataDir}; daemon: ${running}`,
    '',
    '',
  ].join('\n')
}

async function patientOf(
  target: string | undefined,
  wrapped: readonly string[],
  flags: DoctorFlags,
  { env, err }: Terminal,
  signal: AbortSignal,
): Promise<Patient> {
  const asked = askedOf(flags)
  const [command, ...args] = wrapped
  if (target !== undefined && command !== undefined) throw invalid(target, 'it stands beside a command')
  const single = command !== undefined ? commandOf(command, args, env) : target === undefined ? {} : addressOf(target)
  const isSingle = Object.keys(single).length > 0
  const file = flags.config ?? (target !== undefined && !isSingle ? target : findOwnFile(env))
  const configuration = await configurationOf(file, flags, env)
  const { config } = configuration
  const lying = file === undefined && !isSingle ? findClientFile() : undefined
  if (lying !== undefined)
    err.write(`Saw ${lying}, which was not named, so nothing in it is started: mcp-vitals doctor --config ${lying}\n`)
  const dataDir = resolve(flags.data ?? config?.dataDir ?? defaultDataDir({ env }))
  return {
    env,
    nodeVersion: process.versions.node,
    configuration,
    servers: isSingle ? whole(single) : serversOf(config),
    dataDir,
    daemon: await meetDaemon(dataDir, signal),
    asked,
    signal,
  }
}

async function configurationOf(
  file: string | undefined,
  flags: DoctorFlags,
  env: Terminal['env'],
): Promise<Patient['configuration']> {
  try {
    const { config, notes } = loadConfig({ file, env, overrides: overridesOf(flags) })
    const { refuseUnfit } = await import('../app/index.js')
    refuseUnfit(config)
    return { file, config, notes }
  } catch (problem) {
    if (!(problem instanceof VitalsError)) throw problem
    return { file, config: undefined, notes: [], problem }
  }
}

function serversOf(config: LoadedConfig['config'] | undefined): Readonly<Record<string, ServerToTry>> {
  return reachableServers(config?.servers ?? {})
}

/** A command on the command line has the environment of who typed it. */
function whole(servers: Readonly<Record<string, ServerToTry>>): Readonly<Record<string, ServerToTry>> {
  return Object.fromEntries(
    Object.entries(servers).map(([name, server]) => [
      name,
      'command' in server ? { ...server, wholeEnvironment: true } : server,
    ]),
  )
}

function askedOf({ prometheus, grafana, plugins, origin, call, args, timeout }: DoctorFlags): Asked {
  const seconds = timeout === undefined ? DEFAULT_TIMEOUT_SECONDS : Number(timeout)
  if (!(seconds > 0 && seconds <= MAX_TIMEOUT_SECONDS))
    throw invalid('--timeout', `${timeout} is no number of seconds up to ${MAX_TIMEOUT_SECONDS}`)
  if (args !== undefined && call === undefined) throw invalid('--args', 'it needs --call')
  for (const [flag, address] of [
    ['--prometheus', prometheus],
    ['--grafana', grafana],
  ] as const)
    if (address !== undefined && !/^https?:\/\/[^/]/.test(address))
      throw invalid(flag, `${address} is no address that begins with http:// or https://`)
  if (origin !== undefined && (!URL.canParse(origin) || new URL(origin).origin !== origin))
    throw invalid('--origin', `${origin} is no origin: a scheme, a host and a port where it is not the usual one`)
  return {
    prometheus: prometheus?.replace(/\/+$/, ''),
    grafana: grafana?.replace(/\/+$/, ''),
    plugins,
    origin,
    call: call === undefined ? undefined : { tool: call, arguments: argumentsOf(args) },
    timeoutMs: Math.ceil(seconds * 1000),
  }
}

function argumentsOf(text = '{}'): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw invalid('--args', 'it is no JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid('--args', 'it is no JSON object')
  return value as Readonly<Record<string, unknown>>
}

const invalid = (option: string, problem: string) => vitalsError('DOCTOR_OPTION_INVALID', { option, problem })

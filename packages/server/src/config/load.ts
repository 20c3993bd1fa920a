import { homedir } from 'node:os'
import { alertsProblems, windowProblems } from '../alerts/options.js'
import { vitalsError } from '../errors/index.js'
import { metricsProblems } from '../faces/metrics/options.js'
import { isLoopbackHost } from '../listen/options.js'
import { monitorProblems } from '../monitor/options.js'
import { type ClientForm, clientForm, isGroup } from './client.js'
import { expandEntries } from './expand.js'
import { parseConfig, readConfigFile, type SourceFile } from './file.js'
import { environmentLayers, type Layer, type Override, withLayers } from './layers.js'
import { notesOf } from './notes.js'
import { type Config, clientOptions, configOptions } from './options.js'
import { overlaid, presetValues } from './preset.js'
import { invalidName, nearest, type Problem, problemsOf } from './problems.js'
import { schemaAt } from './schema.js'

export interface LoadOptions {
  /** Path of a YAML or JSON file, our own form or a client’s `mcp.json`. Absent: defaults and environment alone. */
  readonly file?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** What the command line sets; stands above the environment. */
  readonly overrides?: readonly Override[]
}

/** A valid configuration and how it came about. */
export interface LoadedConfig {
  readonly config: Config
  readonly file: string | undefined
  /** Where a value came from, in words: `default`, `file mcp.json:3:5`, `environment variable LOG_LEVEL`, `option --port`. */
  origin(path: readonly PropertyKey[]): string
  /** What a person should know although it is no error, one sentence each. */
  readonly notes: readonly string[]
}

/** The file’s part, before the layers above it. */
interface Base {
  readonly source: SourceFile | undefined
  readonly client: ClientForm | undefined
  readonly values: Readonly<Record<string, unknown>>
  /** What the preset sets, below the file. */
  readonly preset: { readonly name: unknown; readonly values: Readonly<Record<string, unknown>> }
}

/**
 * Reads the file, puts it over the preset, and environment and overrides on top; fills in the defaults and checks the whole.
 * Throws CONFIG_NOT_FOUND, CONFIG_UNREADABLE, CONFIG_INVALID (every problem with its place) or HOST_UNGUARDED.
 */
export function loadConfig({ file, env, overrides = [] }: LoadOptions): LoadedConfig {
  const flags = overrides.map(({ flag, path, value }) => ({ from: `option ${flag}`, path, value }))
  const layers = [...environmentLayers(env), ...flags]
  const base = withPreset(file === undefined ? NO_FILE : readBase(file), layers)
  const written = withLayers(overlaid(base.preset.values, base.values), layers)
  const { values, problems } = expanded(written, env)
  const schema = base.client ? clientOptions : configOptions
  const result = schema.safeParse(values)
  // The schema's library passes over this key without a word.
  if (isGroup(values.servers) && Object.hasOwn(values.servers, '__proto__'))
    problems.push(invalidName(['servers', '__proto__']))
  for (const problem of problemsOf(result.error?.issues ?? [], written))
    if (!problems.some(({ path }) => sameKey(path, problem.path))) problems.push(problem)
  if (result.success) problems.push(...crossProblems(result.data))
  if (!result.success || problems.length > 0)
    throw invalid(sentencesOf(problems, base, layers), exampleFor(problems, written, layers))
  const config = withHome(result.data)
  refuseUnguarded(config)
  const { source, client } = base
  const notes = source ? notesOf(config, { path: source.path, value: source.value, client }) : []
  return { config, file, origin: (path) => originOf(path, base, layers), notes }
}

/** What other machines reach needs its credentials: throws HOST_UNGUARDED where they are not set. */
export function refuseUnguarded({ listen: { host, adminToken }, doors, servers }: Config): void {
  if (isLoopbackHost(host)) return
  const isKeyed = doors.keys === true && Object.values(servers).every((entry) => entry.doors?.keys !== false)
  const missing = [
    ...(adminToken === undefined ? ['`listen.adminToken` (MCP_VITALS_ADMIN_TOKEN)'] : []),
    ...(isKeyed ? [] : ['`doors.keys: true` for every server (MCP_VITALS_KEYS=true)']),
  ]
  if (missing.length > 0) throw vitalsError('HOST_UNGUARDED', { host, missing: missing.join(' and ') })
}

/** What no option can see alone. */
function crossProblems({ listen, metrics, providers, alerts, monitor, servers }: Config): readonly Problem[] {
  const problems = metricsProblems(metrics, Object.keys(providers), nearest)
  const found: readonly Problem[] = [
    ...problems.map((problem) => ({ ...problem, part: 'key' }) as const),
    ...alertsProblems(alerts, alerts.channels).map(
      ({ path, message }): Problem => ({ path: ['alerts', ...path], part: 'value', message }),
    ),
    ...[
      ...monitorProblems(monitor, { servers, metricsPort: metrics.port }),
      ...windowProblems(monitor.maintenance, alerts.times),
    ].map(({ path, message }): Problem => ({ path: ['monitor', ...path], part: 'value', message })),
  ]
  if (metrics.port === undefined || metrics.port === 0 || metrics.port !== listen.port) return found
  const message = `is ${metrics.port}, as listen.port is; expected: another port, or none, since metrics are served with everything else then`
  return [...found, { path: ['metrics', 'port'], part: 'value', message }]
}

type File = Omit<Base, 'preset'>
const NO_FILE: File = { source: undefined, client: undefined, values: {} }

function withPreset(file: File, layers: readonly Layer[]): Base {
  const name = withLayers(file.values, layers).preset
  return { ...file, preset: { name, values: presetValues(name) } }
}

function readBase(file: string): File {
  const source = parseConfig(file, readConfigFile(file))
  if ('problems' in source)
    throw invalid(source.problems.map(({ line, column, message }) => `${file}:${line}:${column}: ${message}`))
  const { value } = source
  if (value === null || value === undefined)
    throw invalid([`${file}:1:1: the file is empty; expected: keys such as "servers"`])
  if (!isGroup(value))
    throw invalid([
      `${file}:1:1: the file holds ${Array.isArray(value) ? 'a list' : 'one value'}; expected: keys such as "servers"`,
    ])
  const client = clientForm(file, value)
  if (client) return { source, client, values: client.servers === undefined ? {} : { servers: client.servers } }
  // A section whose every line is commented out is null in YAML, and means its defaults.
  return { source, client, values: Object.fromEntries(Object.entries(value).filter(([, section]) => section !== null)) }
}

/** References to the environment filled in where they may stand: in the entries of servers, providers, receivers of pushes, components and channels. */
function expanded(
  written: Readonly<Record<string, unknown>>,
  env: LoadOptions['env'],
): { readonly values: Record<string, unknown>; readonly problems: Problem[] } {
  const values = { ...written }
  const problems: Problem[] = []
  for (const section of ['servers', 'providers', 'push']) {
    if (written[section] === undefined) continue
    const { entries, problems: unset } = expandEntries(written[section], env)
    values[section] = entries
    for (const { path, message } of unset) problems.push({ path: [section, ...path], part: 'value', message })
  }
  const { alerts } = written
  if (isGroup(alerts) && alerts.channels !== undefined) {
    const { entries, problems: unset } = expandEntries(alerts.channels, env)
    values.alerts = { ...alerts, channels: entries }
    for (const { path, message } of unset)
      problems.push({ path: ['alerts', 'channels', ...path], part: 'value', message })
  }
  const { monitor } = written
  if (isGroup(monitor) && monitor.components !== undefined) {
    const { entries, problems: unset } = expandEntries(monitor.components, env)
    values.monitor = { ...monitor, components: entries }
    for (const { path, message } of unset)
      problems.push({ path: ['monitor', 'components', ...path], part: 'value', message })
  }
  return { values, problems }
}

function invalid(sentences: readonly string[], example?: string): Error {
  const problems = sentences.map((text) => `\n  ${text}`).join('')
  return vitalsError('CONFIG_INVALID', { problems }, undefined, example)
}

/** The doors of a server stand in its entry, which says how it is reached as well. */
const REACHED = '"url": "http://127.0.0.1:3001/mcp", '

/**
 * The first option at fault that declares an example, or else what it stands in, set as it was: by a variable, or by its key.
 */
function exampleFor(
  problems: readonly Problem[],
  values: Readonly<Record<string, unknown>>,
  layers: readonly Layer[],
): string | undefined {
  for (const { path: fault, part } of problems) {
    const inDoors = fault[0] === 'servers' && fault[2] === 'doors'
    // Of an unknown key, the doors that it stands in have an example.
    const path = nearestExample(inDoors && part === 'key' ? fault.slice(0, 3) : fault, values)
    const node = schemaAt(path, values)
    const example = node?.examples?.[0]
    if (example === undefined) continue
    const text = JSON.stringify(example)
    if (node?.env !== undefined && layerOf(path, layers)) return `${node.env}=${text.replace(/^"(.*)"$/, '$1')}`
    const beside = (at: number) => (inDoors && at === 2 ? REACHED : '')
    return path.reduceRight<string>((inner, key, at) => `{ ${beside(at)}${JSON.stringify(key)}: ${inner} }`, text)
  }
  return undefined
}

/** The path, or the longest part of it that has an example and stands in no list; empty where none has. */
function nearestExample(path: readonly PropertyKey[], values: unknown): readonly PropertyKey[] {
  const inList = path.findIndex((key) => typeof key === 'number')
  let nearest = inList < 0 ? path : path.slice(0, inList)
  while (nearest.length > 0 && schemaAt(nearest, values)?.examples === undefined) nearest = nearest.slice(0, -1)
  return nearest
}

/** One sentence a problem: those of the layers first, then those of the file from top to bottom. */
function sentencesOf(problems: readonly Problem[], base: Base, layers: readonly Layer[]): readonly string[] {
  const placed = problems.map(({ path, part, message }) => {
    const where = filePath(path, base)
    const text = `${where.map(String).join('.')} ${message}`
    const layer = layerOf(path, layers)
    if (layer || !base.source) return { line: 0, column: 0, text: layer ? `${layer.from}: ${text}` : text }
    const { line, column } = base.source.locate(where, part)
    return { line, column, text: `${base.source.path}:${line}:${column}: ${text}` }
  })
  return placed.sort((one, other) => one.line - other.line || one.column - other.column).map(({ text }) => text)
}

/** A path in our form as it stands in the file, where a client has a word of its own for the servers. */
function filePath(path: readonly PropertyKey[], { client }: Base): readonly PropertyKey[] {
  return client && path[0] === 'servers' ? [client.key, ...path.slice(1)] : path
}

function originOf(path: readonly PropertyKey[], base: Base, layers: readonly Layer[]): string {
  const layer = layerOf(path, layers)
  if (layer) return layer.from
  if (!base.source || !has(base.values, path))
    return has(base.preset.values, path) ? `preset ${base.preset.name}` : 'default'
  const { line, column } = base.source.locate(filePath(path, base), 'key')
  return `file ${base.source.path}:${line}:${column}`
}

function layerOf(path: readonly PropertyKey[], layers: readonly Layer[]): Layer | undefined {
  return layers.findLast((layer) => sameKey(layer.path, path))
}

function sameKey(one: readonly PropertyKey[], other: readonly PropertyKey[]): boolean {
  return one.length === other.length && one.every((key, index) => key === other[index])
}

function has(values: unknown, path: readonly PropertyKey[]): boolean {
  const [key, ...rest] = path
  if (key === undefined) return true
  if (typeof values !== 'object' || values === null || !Object.hasOwn(values, key)) return false
  return has((values as Record<PropertyKey, unknown>)[key], rest)
}

/** `~/` in the state directory, which no shell expands in a file. */
function withHome(config: Config): Config {
  return config.dataDir === undefined
    ? config
    : { ...config, dataDir: config.dataDir.replace(/^~(?=\/|$)/, () => homedir()) }
}

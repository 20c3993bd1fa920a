import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { minimalEnvironment } from '../children/index.js'
import type { Command, Found, NotTaken, Plugin, Problem } from './contract.js'
import { commandsIn, type HelpCommand, MAX_COMMANDS } from './help-commands.js'
import { parametersIn } from './help-parameters.js'
import { MAX_HELP_CHARACTERS } from './help-text.js'
import { MAX_MANIFEST_BYTES, type Manifest, readManifest } from './manifest.js'
import { programIn } from './program.js'
import { runProgram } from './run.js'

/** How long one help may take. Milliseconds. */
export const HELP_TIMEOUT_MS = 10_000
const HELP_GRACE_MS = 500
/** Of all that is read of it. */
const MAX_HELP_BYTES = MAX_HELP_CHARACTERS * 4
/** Most groups that a command is looked for in, one in the other. */
const MAX_GROUPS = 3
/** Most folders that are looked at. */
const MAX_FOLDERS = 200
/** Folders that are looked at side by side. */
const SIDE_BY_SIDE = Math.max(2, Math.min(8, availableParallelism()))
/** What is no plugin. */
const PASSED_OVER = /^[._]|^node_modules$/
/** A name that events, labels and log lines can carry. */
const NAMEABLE = /^[^\p{Cc}]{1,100}$/u
const MANIFEST = 'plugin.json'

export interface FindOptions {
  readonly dir: string
  /** What every plugin is given beside the few that each gets. */
  readonly env: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  /** Told after each folder what was found so far. */
  readonly onFound?: (found: Found) => void
  /** Remembers a process group that was started. The result forgets it. */
  readonly onStart?: (pid: number) => () => void
}

/** Looks for plugins, and asks again only those that have changed since it looked last. */
export interface Finder {
  /** Never rejects: what is wrong stands in what was found. */
  look(options: FindOptions): Promise<Found>
}

type Looked = { readonly plugin: Plugin } | { readonly notTaken: NotTaken }

/** Makes a finder, which remembers what it saw. */
export function createFinder(): Finder {
  let before = new Map<string, { readonly stamp: string; readonly looked: Looked }>()
  return {
    async look(options) {
      const all = allFoldersIn(resolve(options.dir))
      if ('problem' in all) return { plugins: [], notTaken: [all], cut: [] }
      const names = all.slice(0, MAX_FOLDERS)
      const cut =
        all.length > MAX_FOLDERS ? [`Of ${all.length} folders of plugins the first ${MAX_FOLDERS} are looked at.`] : []
      const after: typeof before = new Map()
      const waiting = [...names]
      const work = async () => {
        for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
          const folder = join(resolve(options.dir), name)
          const stamp = stampOf(folder)
          const known = before.get(name)
          after.set(name, known?.stamp === stamp ? known : { stamp, looked: await lookAt(folder, name, options) })
          options.onFound?.(foundIn(names, after, cut))
        }
      }
      await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work))
      before = after
      return foundIn(names, after, cut)
    },
  }
}

function foundIn(
  names: readonly string[],
  seen: ReadonlyMap<string, { readonly looked: Looked }>,
  cut: readonly string[],
): Found {
  const looked = names.flatMap((name) => seen.get(name)?.looked ?? [])
  const plugins = looked.flatMap((one) => ('plugin' in one ? [one.plugin] : []))
  return {
    plugins,
    cut: [...cut, ...plugins.flatMap((plugin) => plugin.cut ?? [])],
    notTaken: looked.flatMap((one) => ('notTaken' in one ? [one.notTaken] : [])),
  }
}

/** Names of the folders that may be plugins, in order; or why there are none. */
export function foldersIn(dir: string): readonly string[] | NotTaken {
  const all = allFoldersIn(dir)
  return 'problem' in all ? all : all.slice(0, MAX_FOLDERS)
}

function allFoldersIn(dir: string): readonly string[] | NotTaken {
  const none = (reason: string): NotTaken => ({ name: dir, problem: 'no_directory', reason })
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter(({ name }) => !PASSED_OVER.test(name))
      .filter((entry) => entry.isDirectory() || (entry.isSymbolicLink() && isFolder(join(dir, entry.name))))
      .map(({ name }) => name)
      .sort()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return none(code === 'ENOENT' ? 'there is no such directory' : `it cannot be read (${code})`)
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

/** What a folder is, before its program is asked anything: nothing of it was run. */
export type Unasked = { readonly program: readonly string[]; readonly manifest: Manifest } | NotTaken

/** Looks at one folder without running anything. `path`: the PATH in which programs are looked up. */
export function lookInto(folder: string, name: string, path: string): Unasked {
  const no = (problem: Problem, reason: string): NotTaken => ({ name, problem, reason })
  if (!NAMEABLE.test(name)) return no('bad_name', 'its name is longer than 100 characters, or has control characters')
  const manifest = manifestIn(folder)
  if ('problem' in manifest) return no('bad_manifest', `its ${MANIFEST} ${manifest.problem}`)
  if (manifest.program) {
    const program = manifest.program.map((word) => (word.startsWith('./') ? join(folder, word) : word))
    return { program, manifest }
  }
  const started = programIn(folder, path)
  if ('problem' in started) return no(started.problem, started.reason)
  if (!isReadable(started.file)) return no('unreadable', 'this user may not read its program')
  return { program: started.program, manifest }
}

/** Looks at one folder, and asks its program what it can do. Never rejects. */
export async function lookAt(
  folder: string,
  name: string,
  options: Omit<FindOptions, 'dir' | 'onFound'>,
): Promise<Looked> {
  const env = minimalEnvironment(options.env)
  const unasked = lookInto(folder, name, env.PATH ?? '')
  if ('problem' in unasked) return { notTaken: unasked }
  const { program, manifest } = unasked
  const { concurrency, maxWaiting } = manifest
  const limits = { ...(concurrency !== undefined && { concurrency }), ...(maxWaiting !== undefined && { maxWaiting }) }
  const base = { name, folder, program, ...limits }
  if (manifest.commands) return { plugin: { ...base, commands: manifest.commands } }
  const plugin = (all: readonly Command[]): Looked => {
    const commands = all.slice(0, MAX_COMMANDS)
    if (all.length <= MAX_COMMANDS) return { plugin: { ...base, commands } }
    const cut = `Plugin ${name} names more than ${MAX_COMMANDS} commands in its help: the first ${MAX_COMMANDS} are taken. A plugin.json may name all.`
    return { plugin: { ...base, commands, cut } }
  }

  const ask = (words: readonly string[]) => helpOf([...program, ...words, '--help'], folder, env, options)
  const { end, text, status, startFailure } = await ask([])
  const seen = lastLine(text)
  const no = (problem: Problem, reason: string): Looked => ({ notTaken: { name, problem, reason, seen } })
  if (startFailure) return no('no_interpreter', `its program cannot be started (${startFailure})`)
  if (end === 'late') return no('help_late', `its help does not end within ${HELP_TIMEOUT_MS / 1000} s`)
  if (end === 'flooded') return no('help_failed', `its help prints more than ${MAX_HELP_BYTES} bytes`)
  const { section, commands, answersHelp } = commandsIn(text)
  if (!section && status !== 0) return no('help_failed', `its help fails with ${how(status, end)}`)
  if (!section) return no('no_section', 'its help has no section "Available commands:"')
  if (commands.length === 0) return no('no_command', 'below "Available commands:" its help names no command')
  // A program that is not known to answer `<command> --help` might run the command.
  if (!answersHelp) return plugin(commands.map((command) => commandOf(command, [command.name], undefined)))
  return plugin(await describe(commands, [], { ask, left: MAX_COMMANDS, signal: options.signal, isLate: false }))
}

/** What is known while the commands of one program are asked for their help. */
interface Asking {
  readonly ask: (words: readonly string[]) => ReturnType<typeof helpOf>
  readonly signal: AbortSignal
  /** Helps that may still be asked for. */
  left: number
  /** One did not end in time: the others would keep everybody waiting as well. */
  isLate: boolean
}

/** Asks each command for its help, and the commands of those that are groups. `within`: words of the group that they are in. */
async function describe(
  commands: readonly HelpCommand[],
  within: readonly string[],
  asking: Asking,
): Promise<readonly Command[]> {
  const described: Command[] = []
  for (const command of commands) {
    const words = [...within, command.name]
    const isAsked = asking.left-- > 0 && !asking.isLate && !asking.signal.aborted
    const help = isAsked ? await asking.ask(words) : undefined
    asking.isLate ||= help?.end === 'late'
    const text = help?.end === 'exited' && help.status === 0 ? help.text : undefined
    const below = text === undefined || words.length > MAX_GROUPS ? undefined : commandsIn(text, words)
    if (below?.isGroup && below.answersHelp && below.commands.length > 0)
      described.push(...(await describe(below.commands, words, asking)))
    else described.push(commandOf(command, words, text))
  }
  return described.slice(0, MAX_COMMANDS + 1)
}

/** `help`: its own; absent where nothing is known of its arguments. */
function commandOf({ description }: HelpCommand, words: readonly string[], help: string | undefined): Command {
  const known = help === undefined ? undefined : parametersIn(help)
  return {
    name: words.join(' '),
    ...(description !== undefined && { description }),
    words,
    parameters: known ?? [],
    isOpen: known === undefined,
    priority: 0,
  }
}

function manifestIn(folder: string): Manifest | { readonly problem: string } {
  const file = join(folder, MANIFEST)
  if (!existsSync(file)) return {}
  try {
    const stat = statSync(file)
    // A pipe would be waited for, by everybody.
    if (!stat.isFile()) return { problem: 'is no file' }
    if (stat.size > MAX_MANIFEST_BYTES) return { problem: `is longer than ${MAX_MANIFEST_BYTES} bytes` }
    return readManifest(readFileSync(file, 'utf8'))
  } catch (error) {
    return { problem: `cannot be read (${(error as NodeJS.ErrnoException).code})` }
  }
}

async function helpOf(
  line: readonly string[],
  folder: string,
  env: Readonly<Record<string, string>>,
  { signal, onStart }: Omit<FindOptions, 'dir' | 'onFound'>,
) {
  const errors: Buffer[] = []
  const { output, ...ended } = await runProgram({
    line,
    folder,
    // Wide, and as nobody's terminal has it.
    env: { ...env, COLUMNS: '200', NO_COLOR: '1', TERM: 'dumb' },
    timeoutMs: HELP_TIMEOUT_MS,
    graceMs: HELP_GRACE_MS,
    maxOutputBytes: MAX_HELP_BYTES,
    signal,
    ...(onStart && { onStart }),
    onError(bytes) {
      errors.push(bytes)
      return bytes
    },
  })
  await ended.cleared
  const text = output.toString('utf8')
  // Some write their help where errors go.
  return { ...ended, text: text.trim() === '' ? Buffer.concat(errors).toString('utf8') : text }
}

function how(status: number | null, end: string): string {
  return status === null ? `a signal (${end})` : `status ${status}`
}

function lastLine(text: string): string {
  return (
    text
      .split('\n')
      .findLast((line) => line.trim() !== '')
      ?.trim() ?? '(nothing)'
  )
}

function isReadable(file: string): boolean {
  try {
    readFileSync(file)
    return true
  } catch {
    return false
  }
}

/** What a program is made of, and what it needs. A plugin runs in its folder, and may write anything else there. */
const CODE = /^cli$|^(?:plugin|package)\.json$|^(?:\.?venv|node_modules)$|\.(?:py|[cm]?[jt]s|sh)$/

/** Says whether the program in a folder is what it was. */
function stampOf(folder: string): string {
  try {
    return readdirSync(folder)
      .filter((name) => CODE.test(name))
      .sort()
      .map((name) => {
        const stat = statSync(join(folder, name), { throwIfNoEntry: false })
        return stat?.isFile() ? [name, stat.ino, stat.size, stat.mtimeMs, stat.mode].join(' ') : name
      })
      .join('\n')
  } catch {
    return ''
  }
}

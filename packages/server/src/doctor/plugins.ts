import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { minimalEnvironment, startChild } from '../children/index.js'
import type { Diagnosis, Finding, Patient } from './contract.js'
import { leftOut, looked } from './contract.js'
import { counted, quoted, shown } from './shared/words.js'

/** Where plugins lie, beside who looks for them. */
const USUAL_PLACE = 'mcp/plugins'
/** Directories that are no plugins. */
const PASSED_OVER = /^(?:\.|_)|^node_modules$/
/** How long its help may take. Milliseconds. */
const HELP_TIMEOUT_MS = 10_000
const LEAVE_GRACE_MS = 500
const MAX_HELP_CHARACTERS = 65_536
/** Most folders that are looked at. */
const MAX_FOLDERS = 200
const HEADING = /^[ \t]*available commands:[ \t]*$/im
const WHY = 'A folder that is not taken gives no tools, and nothing else tells of it.'

/** A part of a help that is read as commands. */
const SNIPPET = [
  'parser = argparse.ArgumentParser()',
  "commands = parser.add_subparsers(title='Available commands', dest='command')",
  "send = commands.add_parser('send-message', help='Send a message')",
  "send.add_argument('--message', required=True)",
]

/** Plugins that are programs: a folder each, with a `cli.py` whose help names its commands. */
export const plugins: Diagnosis = {
  name: 'plugins',
  finds: [
    'a directory that is not there, or has no folder',
    'a folder without cli.py, and the file that may have been meant',
    'a cli.py that cannot be read, does not run, or hangs (its help is asked for with --plugins)',
    'a help without the line "Available commands:", or without a command below it',
    'a plugin or command whose name is no name of a tool',
  ],
  async look(patient) {
    const { asked, configuration } = patient
    const isNamed = asked.plugins !== undefined
    const dir = resolve(asked.plugins ?? USUAL_PLACE)
    if (!isNamed && !existsSync(dir) && configuration.config?.preset !== 'letta')
      return leftOut(`there is no ${USUAL_PLACE} here, and no --plugins`)
    if (!existsSync(dir) || !statSync(dir).isDirectory()) return looked(dir, [noDirectory(dir)])
    const folders = readdirSync(dir, { withFileTypes: true })
      .filter((entry) => !PASSED_OVER.test(entry.name) && (entry.isDirectory() || entry.isSymbolicLink()))
      .map(({ name }) => name)
      .sort()
      .slice(0, MAX_FOLDERS)
    if (folders.length === 0) return looked(dir, [noFolder(dir)])
    const found: (readonly Finding[])[] = []
    // One after the other: each starts a program.
    for (const name of folders) found.push(await lookAt(join(dir, name), name, isNamed, patient))
    const seen = `${counted(folders.length, 'folder')} in ${dir}${isNamed ? '' : ', whose help was not asked for without --plugins'}`
    return looked(seen, found.flat())
  },
}

const noDirectory = (dir: string): Finding => ({
  severity: 'error',
  problem: `There is no directory ${shown(dir)}.`,
  evidence: [`plugins are looked for in ${shown(dir)}`],
  why: 'No plugin is found, so there is no tool.',
  next: 'Start in the directory that has it, or name it. Each plugin is a folder with a cli.py.',
  fix: [`mkdir -p ${quoted(join(dir, 'hello'))}`, `mcp-vitals doctor --plugins ${quoted(dir)}`],
})

const noFolder = (dir: string): Finding => ({
  severity: 'error',
  problem: `There is no folder in ${shown(dir)}.`,
  evidence: [`files in it: ${shown(readdirSync(dir).join(', ')) || 'none'}`],
  why: 'No plugin is found, so there is no tool.',
  next: 'A plugin is a folder of its own, with a cli.py in it.',
  fix: [
    `mkdir ${quoted(join(dir, 'hello'))}`,
    `mv ${quoted(join(dir, 'cli.py'))} ${quoted(join(dir, 'hello/cli.py'))}`,
  ],
})

async function lookAt(folder: string, name: string, isAsked: boolean, patient: Patient): Promise<readonly Finding[]> {
  const file = join(folder, 'cli.py')
  const about = { subject: name, severity: 'error', why: WHY } as const
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(name))
    return [
      {
        ...about,
        problem: 'Its name is no part of a tool’s name.',
        evidence: [`the folder is called ${shown(name)}`],
        next: 'Tools are called <plugin>.<command>: use letters, digits, - and _.',
        fix: [`mv ${quoted(folder)} ${quoted(folder.replace(/[^/]*$/, name.replace(/[^A-Za-z0-9_-]+/g, '-')))}`],
      },
    ]
  if (!existsSync(file)) return [{ ...about, ...without(folder) }]
  let text = ''
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    return [
      {
        ...about,
        problem: 'Its cli.py cannot be read.',
        evidence: [`${(error as NodeJS.ErrnoException).code}: ${shown(file)}`],
        next: 'Let this user read it.',
        fix: [`chmod u+r ${quoted(file)}`],
      },
    ]
  }
  if (isAsked) return helped(file, about, patient)
  if (/available commands/i.test(text)) return []
  return [
    {
      ...about,
      severity: 'warning',
      problem: 'Its help seems to lack the section "Available commands:".',
      evidence: [`"Available commands" stands nowhere in ${shown(file)}`],
      next: 'See what its help prints; the section’s heading can be given to argparse.',
      fix: [`mcp-vitals doctor --plugins ${quoted(join(folder, '..'))}`, ...SNIPPET],
    },
  ]
}

function without(folder: string): Pick<Finding, 'problem' | 'evidence' | 'next' | 'fix'> {
  const files = readdirSync(folder).filter((file) => !PASSED_OVER.test(file))
  const scripts = files.filter((file) => /\.py$/i.test(file))
  const meant =
    scripts.find((file) => file.toLowerCase() === 'cli.py') ?? (scripts.length === 1 ? scripts[0] : undefined)
  const below = files.find((file) => existsSync(join(folder, file, 'cli.py')))
  const [from, why] =
    meant !== undefined
      ? [meant, `It may be meant by ${shown(meant)}.`]
      : below !== undefined
        ? [`${below}/cli.py`, `One lies in ${shown(below)}, a level too deep.`]
        : [undefined, 'Put the program of the plugin there.']
  return {
    problem: 'It has no cli.py.',
    evidence: [`files in it: ${shown(files.join(', ')) || 'none'}`],
    next: `The file must be called cli.py, in small letters. ${why}`,
    fix: [
      from === undefined
        ? `touch ${quoted(join(folder, 'cli.py'))}`
        : `mv ${quoted(join(folder, from))} ${quoted(join(folder, 'cli.py'))}`,
    ],
  }
}

/** Runs `cli.py --help` as the plugin is run, and reads what it prints. */
async function helped(
  file: string,
  about: Pick<Finding, 'subject' | 'severity' | 'why'>,
  { signal }: Patient,
): Promise<readonly Finding[]> {
  const byHand = `python3 ${quoted(file)} --help`
  const { status, text, startFailure } = await helpOf(file, signal)
  const last = shown(text.split('\n').findLast((line) => line.trim() !== '') ?? '(nothing)')
  if (startFailure)
    return [
      {
        ...about,
        problem: 'There is no python3 to run it with.',
        evidence: [`starting python3 failed: ${startFailure}`],
        next: 'Install Python 3.',
        fix: ['sudo apt install python3', byHand],
      },
    ]
  if (status === 'late')
    return [
      {
        ...about,
        problem: `Its help does not end within ${HELP_TIMEOUT_MS / 1000} s.`,
        evidence: [`it printed last: ${last}`],
        next: 'Have it do nothing before its arguments are read: no connection, no question, no waiting for input.',
        fix: [byHand],
      },
    ]
  if (status !== 0) {
    const module = /No module named '([\w.]+)'/.exec(text)?.[1]
    return [
      {
        ...about,
        problem:
          module === undefined
            ? `Its help fails with status ${status}.`
            : `Python has no module ${module}, which it imports.`,
        evidence: [`it printed last: ${last}`],
        next:
          module === undefined
            ? 'Run it by hand, and mend what it says.'
            : 'Install it into the Python that runs plugins.',
        fix: [...(module === undefined ? [] : [`python3 -m pip install ${module.split('.')[0]}`]), byHand],
      },
    ]
  }
  const heading = HEADING.exec(text)
  if (heading === null)
    return [
      {
        ...about,
        problem: 'Its help has no section "Available commands:".',
        evidence: [
          `the headings in it: ${shown([...text.matchAll(/^[ \t]*([A-Za-z][\w -]*:)[ \t]*$/gm)].map(([, title]) => title).join(' ')) || 'none'}`,
        ],
        next: 'The commands of a plugin are read from the section of this name: give argparse the title.',
        fix: [...SNIPPET, byHand],
      },
    ]
  const commands = commandsBelow(text.slice(heading.index + heading[0].length))
  if (commands.length > 0) return []
  return [
    {
      ...about,
      problem: 'Below "Available commands:" its help names no command.',
      evidence: ['a command stands on a line of its own, indented, with its words behind it'],
      next: 'Add a command to the parser.',
      fix: [...SNIPPET, byHand],
    },
  ]
}

/** `  send-message   Send a message`, and argparse’s `  {send-message,read}`. */
function commandsBelow(section: string): readonly string[] {
  const lines = section.replace(/^\n/, '').split('\n')
  const end = lines.findIndex((line) => /^\S/.test(line))
  return lines
    .slice(0, end < 0 ? undefined : end)
    .flatMap((line) => /^[ \t]+(?:\{([\w,-]+)\}|([A-Za-z0-9][\w-]*))(?:[ \t]|$)/.exec(line)?.slice(1) ?? [])
    .filter((name) => name !== undefined)
}

async function helpOf(file: string, signal: AbortSignal) {
  signal.throwIfAborted()
  const env = { ...minimalEnvironment(), COLUMNS: '120' }
  const child = startChild({ command: 'python3', args: [file, '--help'], cwd: join(file, '..'), env, stderr: 'pipe' })
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(0, MAX_HELP_CHARACTERS)
    })
  child.stdin.end()
  const stop = AbortSignal.any([signal, AbortSignal.timeout(HELP_TIMEOUT_MS)])
  const kill = () => child.kill('SIGKILL')
  stop.addEventListener('abort', kill, { once: true })
  const { code, signal: ended, startFailure } = await child.exited
  const isLate = stop.aborted
  stop.removeEventListener('abort', kill)
  await child.end(LEAVE_GRACE_MS)
  return { status: isLate ? ('late' as const) : (code ?? ended), text, startFailure }
}

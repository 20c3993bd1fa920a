import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { minimalEnvironment } from '../children/index.js'
import { foldersIn, lookAt, lookInto, type NotTaken, PROGRAMS } from '../plugins/index.js'
import type { Diagnosis, Finding, Patient } from './contract.js'
import { leftOut, looked } from './contract.js'
import { counted, quoted, shown } from './shared/words.js'

/** Where plugins lie, beside who looks for them. */
const USUAL_PLACE = 'mcp/plugins'
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
    'a folder without a program, and the file that may have been meant',
    'a program that cannot be read, does not run, or hangs (its help is asked for with --plugins)',
    'a help without the line "Available commands:", or without a command below it',
    'a plugin.json that does not fit',
  ],
  async look(patient) {
    const { asked, configuration } = patient
    const isNamed = asked.plugins !== undefined
    const dir = resolve(asked.plugins ?? USUAL_PLACE)
    if (!isNamed && !existsSync(dir) && configuration.config?.preset !== 'letta')
      return leftOut(`there is no ${USUAL_PLACE} here, and no --plugins`)
    const folders = foldersIn(dir)
    if ('problem' in folders) return looked(dir, [noDirectory(dir)])
    if (folders.length === 0) return looked(dir, [noFolder(dir)])
    const found: (readonly Finding[])[] = []
    // One after the other: each starts a program.
    for (const name of folders) found.push(await look(join(dir, name), name, isNamed, patient))
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

async function look(folder: string, name: string, isAsked: boolean, { signal }: Patient): Promise<readonly Finding[]> {
  const about = { subject: shown(name), severity: 'error', why: WHY } as const
  const unasked = lookInto(folder, name, minimalEnvironment().PATH ?? '')
  if ('problem' in unasked) return [{ ...about, ...told(folder, unasked) }]
  const { program, manifest } = unasked
  if (isAsked) {
    const looked = await lookAt(folder, name, { env: {}, signal })
    return 'notTaken' in looked ? [{ ...about, ...told(folder, looked.notTaken, program) }] : []
  }
  const file = join(folder, 'cli.py')
  if (manifest.commands || !existsSync(file) || /commands/i.test(readFileSync(file, 'utf8'))) return []
  return [
    {
      ...about,
      severity: 'warning',
      problem: 'Its help seems to lack the section "Available commands:".',
      evidence: [`"commands" stands nowhere in ${shown(file)}`],
      next: 'See what its help prints; the section’s heading can be given to argparse.',
      fix: [`mcp-vitals doctor --plugins ${quoted(join(folder, '..'))}`, ...SNIPPET],
    },
  ]
}

type Told = Pick<Finding, 'problem' | 'evidence' | 'next' | 'fix'>

/** What the host of plugins says of a folder that it does not take, and what can be done. */
function told(folder: string, notTaken: NotTaken, program: readonly string[] = []): Told {
  const { name, problem, reason, seen } = notTaken
  const sentence = `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`
  const byHand = [...program.map((word) => quoted(word)), '--help'].join(' ')
  const base = {
    problem: shown(sentence),
    evidence: seen === undefined ? [`in ${shown(folder)}`] : [`it printed last: ${shown(seen)}`],
  }
  const module = /No module named '([\w.]+)'/.exec(seen ?? '')?.[1]?.split('.')[0]
  switch (problem) {
    case 'no_program':
      return { ...base, ...without(folder) }
    case 'bad_name':
      return {
        ...base,
        next: 'Give the folder a short name of printable characters.',
        fix: [`mv ${quoted(folder)} ${quoted(join(folder, '..', 'plugin'))}`],
      }
    case 'unreadable':
      return { ...base, next: 'Let this user read it.', fix: [`chmod -R u+rX ${quoted(folder)}`] }
    case 'bad_manifest':
      return {
        ...base,
        next: 'Mend it: docs/plugins.md tells what it may hold.',
        fix: [`cat ${quoted(join(folder, 'plugin.json'))}`],
      }
    case 'no_interpreter':
      return {
        ...base,
        next: 'Install what runs it, for the user and the PATH of the daemon.',
        fix: ['sudo apt install python3', `ls -l ${quoted(folder)}`],
      }
    case 'help_late':
      return {
        ...base,
        next: 'Have it do nothing before its arguments are read: no connection, no question, no waiting for input.',
        fix: [byHand],
      }
    case 'help_failed':
      if (module === undefined) return { ...base, next: 'Run it by hand, and mend what it says.', fix: [byHand] }
      return {
        ...base,
        problem: `Python has no module ${module}, which it imports.`,
        next: 'Install it into the Python that runs plugins, or into a .venv in its folder.',
        fix: [`python3 -m pip install ${module}`, byHand],
      }
    case 'no_section':
      return {
        ...base,
        next: 'The commands of a plugin are read from the section of this name: give argparse the title, or write a plugin.json.',
        fix: [...SNIPPET, byHand],
      }
    case 'no_command':
      return { ...base, next: 'Add a command to the parser.', fix: [...SNIPPET, byHand] }
    case 'no_directory':
      return noDirectory(name)
  }
}

/** The file that may have been meant. */
function without(folder: string): Pick<Finding, 'evidence' | 'next' | 'fix'> {
  const files = readdirSync(folder).filter((file) => !/^[._]|^node_modules$/.test(file))
  const own = (file: string) => PROGRAMS.find((known) => known.toLowerCase() === file.toLowerCase())
  const scripts = files.filter((file) => /\.py$/i.test(file))
  const meant = files.find((file) => own(file)) ?? (scripts.length === 1 ? scripts[0] : undefined)
  const below = files.find((file) => existsSync(join(folder, file, 'cli.py')))
  const [from, why] =
    meant !== undefined
      ? [meant, `It may be meant by ${shown(meant)}.`]
      : below !== undefined
        ? [`${below}/cli.py`, `One lies in ${shown(below)}, a level too deep.`]
        : [undefined, 'Put the program of the plugin there.']
  const to = join(folder, (meant && own(meant)) ?? 'cli.py')
  return {
    evidence: [`files in it: ${shown(files.join(', ')) || 'none'}`],
    next: `The file must be called so, in small letters, and a cli without ending be executable. ${why}`,
    fix: [
      from === undefined
        ? `touch ${quoted(to)}`
        : from === 'cli'
          ? `chmod +x ${quoted(to)}`
          : `mv ${quoted(join(folder, from))} ${quoted(to)}`,
    ],
  }
}

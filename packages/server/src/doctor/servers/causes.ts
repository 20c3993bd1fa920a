import { quoted, shown } from '../shared/words.js'

/** What a process said of its trouble, understood. */
export interface Cause {
  /** In one sentence, without the server’s name. */
  readonly problem: string
  readonly next: string
  readonly fix: readonly string[]
  /** The line that says so. */
  readonly line: string
  /** The variables that it misses, where it is that. */
  readonly variables?: readonly string[]
}

/** What the texts are about. */
export interface Spoken {
  readonly command: string
  readonly args: readonly string[]
  /** Names of the variables that the process had, and whether this shell has one. */
  readonly given: ReadonlySet<string>
  readonly env: Readonly<Record<string, string | undefined>>
}

type Told = Pick<Cause, 'problem' | 'next' | 'fix'>

interface Pattern {
  readonly pattern: RegExp
  readonly tell: (found: RegExpExecArray, spoken: Spoken) => Told | undefined
}

/** Networks that are not reached, as npm, uv and Node say it. */
const UNREACHED =
  /^(ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|UNABLE_TO_\w+|CERT_\w+|SELF_SIGNED_\w+)$/

/** The first that fits a line is taken; what says most comes first. */
const PATTERNS: readonly Pattern[] = [
  {
    pattern: /npm (?:ERR!|error) code (\w+)/,
    tell: ([, code = ''], { command, args }) => {
      const name = packageOf(args)
      const fix = [`${[command, ...args].map((word) => quoted(word)).join(' ')}   # by hand, to see all of it`]
      if (UNREACHED.test(code))
        return {
          problem: `${command} could not fetch the package ${name}: the registry is not reached (${code}).`,
          next: 'See whether this machine reaches the registry, and set npm’s proxy where there is one.',
          fix: ['npm ping', 'npm config set proxy http://proxy.example:3128', ...fix],
        }
      if (code === 'E404' || code === 'ETARGET')
        return {
          problem: `${command} found no package ${name}${code === 'ETARGET' ? ' of that version' : ''} (${code}).`,
          next: 'See whether its name and version are written as in the server’s own guide.',
          fix: [`npm view ${quoted(name)}`, ...fix],
        }
      const problem = `${command} could not fetch or run the package ${name} (${code}).`
      return { problem, next: 'Run it by hand and mend what npm says.', fix: ['npm cache verify', ...fix] }
    },
  },
  {
    pattern: /could not determine executable to run/,
    tell: (_, { args }) => ({
      problem: `The package ${packageOf(args)} has no program of its own that npx could run.`,
      next: 'Name the program that it brings, as the server’s own guide has it.',
      fix: [`npm view ${quoted(packageOf(args))} bin`],
    }),
  },
  {
    pattern: /(?:Cannot find (?:module|package)|ERR_MODULE_NOT_FOUND\D*?) ['"]([^'"]+)['"]/,
    tell: ([, name = '']) => missing(name),
  },
  {
    pattern: /can't open file ['"]([^'"]+)['"]/,
    tell: ([, name = '']) => missing(name),
  },
  {
    pattern: /ModuleNotFoundError: No module named ['"]([^'"]+)['"]/,
    tell: ([, name = '']) => ({
      problem: `Python has no module ${shown(name)}.`,
      next: 'Install it into the Python that runs the server, or name the Python of its environment as `command`.',
      fix: [`python3 -m pip install ${quoted(name.split('.')[0]!)}`, '"command": "/srv/notes/.venv/bin/python"'],
    }),
  },
  {
    pattern: /(?:Unsupported engine|EBADENGINE|requires? (?:a )?Node(?:\.js)?(?: version)? ?[>=^~v\d][\w.>=^~ -]*)/i,
    tell: () => ({
      problem: 'It wants another version of Node than it was started with.',
      next: 'Install that version, and name its program as `command`.',
      fix: ['nvm install --lts', '"command": "/usr/local/bin/node"'],
    }),
  },
  {
    pattern: /Cannot connect to the Docker daemon|docker daemon is not running|error during connect:.*docker/i,
    tell: () => ({
      problem: 'Docker does not run.',
      next: 'Start Docker.',
      fix: ['sudo systemctl start docker'],
    }),
  },
  {
    pattern: /permission denied while trying to connect to the Docker daemon/i,
    tell: () => ({
      problem: 'This user may not use Docker.',
      next: 'Add the user to the group that may, and log in again.',
      fix: ['sudo usermod -aG docker "$USER"'],
    }),
  },
  {
    pattern: /(?:EADDRINUSE|address already in use)(?:.*?:(\d{2,5})\b)?/i,
    tell: ([, port]) => ({
      problem: `It wants to listen on a port that is in use${port === undefined ? '' : `, ${port}`}.`,
      next: 'End the other copy of it, or give it another port. A server that is started here needs none: it speaks over its input and output.',
      fix: [`ss -ltnp${port === undefined ? '' : ` 'sport = :${port}'`}`],
    }),
  },
  {
    pattern:
      /(?:listening (?:on|at)|running (?:on|at)|started (?:on|at)|available at)\s+(?:port\s+)?(?:https?:\/\/)?[\w.[\]:*-]*?:?(\d{4,5})\b/i,
    tell: ([, port = '']) => ({
      problem: `It listens on port ${port}, and so speaks HTTP and not over its input and output.`,
      next: 'Start it by itself and configure its address, or start it so that it speaks over stdio.',
      fix: [`{ "url": "http://127.0.0.1:${port}/mcp" }`],
    }),
  },
]

function missing(name: string): Told {
  if (/^(?:[./~]|[A-Za-z]:\\)/.test(name))
    return {
      problem: `There is no file ${shown(name)}.`,
      next: 'Write its whole path into `args`: a path that does not begin with / counts from the directory in which the server is started (`cwd`).',
      fix: [`ls -l ${quoted(name)}`],
    }
  return {
    problem: `It needs the package ${shown(name)}, which is not installed beside it.`,
    next: 'Install what the server depends on, in its own directory.',
    fix: ['npm install   # in the directory of the server'],
  }
}

/** Words by which a program says that it misses something that it was to be given. */
const LACKS =
  /\b(?:required|requires|missing|(?:is|are|was|were)?\s*(?:not|n't)\s+(?:set|defined|found|provided|specified|present|configured)|unset|undefined|must (?:be set|set|provide)|(?:please|you (?:must|need to)) (?:set|provide|define|export)|needs?|expected|empty|KeyError|NotPresent)\b/i
/** Names as variables have them: capitals, and one underscore at least, else every word that is shouted would be one. */
const VARIABLE = /(?<![A-Za-z0-9_])[A-Z][A-Z0-9]{0,40}(?:_[A-Z0-9]{1,40}){1,8}(?![A-Za-z0-9_])/g
/** Of the same form, and no variables. */
const NO_VARIABLE =
  /^(?:ERR_|HPE_|UND_ERR_|E[A-Z]+_|MODULE_NOT_FOUND|NOT_FOUND|SELF_SIGNED|UNABLE_TO_|CERT_|INVALID_|UNHANDLED_)/

/** The variables of the environment that a line says are missing: those named in it that the process did not have. */
export function missingVariables(line: string, { given }: Pick<Spoken, 'given'>): readonly string[] {
  if (!LACKS.test(line) && !/environment variable/i.test(line)) return []
  const named = [...line.matchAll(VARIABLE)].map(([name]) => name)
  // Where a line speaks of environment variables, a name may have no underscore.
  const plain = [...line.matchAll(/environment variables?\W{1,4}([A-Z][A-Z0-9]{2,40})\b/gi)].map(([, name]) => name!)
  return [...new Set([...named, ...plain.filter((name) => name === name.toUpperCase())])].filter(
    (name) => !given.has(name) && !NO_VARIABLE.test(name),
  )
}

/** What a process said of its trouble, by the first line that is understood. `lines`: as they came, nothing masked. */
export function causeOf(lines: readonly string[], spoken: Spoken): Cause | undefined {
  const names = new Set(lines.flatMap((line) => missingVariables(line, spoken)))
  if (names.size > 0) {
    const line = lines.find((one) => missingVariables(one, spoken).length > 0)!
    return { ...variableCause([...names], spoken), line, variables: [...names] }
  }
  for (const { pattern, tell } of PATTERNS)
    for (const line of lines) {
      const found = pattern.exec(line)
      const told = found && tell(found, spoken)
      if (told) return { ...told, line }
    }
  return undefined
}

function variableCause(names: readonly string[], { env }: Spoken): Told {
  const isHere = names.filter((name) => (env[name] ?? '') !== '')
  const many = names.length > 1
  const entries = names.map((name) => `"${name}": "\${${name}}"`).join(', ')
  return {
    problem: `It needs the environment ${many ? 'variables' : 'variable'} ${names.join(', ')}, which it was not given.`,
    next:
      isHere.length > 0
        ? `${isHere.join(', ')} is set in this shell, but a server gets PATH, HOME, LANG and the like alone: name it in its entry.`
        : 'Set it where the daemon is started, and name it in the server’s entry: a server gets no other variable of the daemon.',
    fix: [
      `"env": { ${entries} }`,
      ...names.filter((name) => !isHere.includes(name)).map((name) => `export ${name}=<its value>`),
    ],
  }
}

/** The package among the arguments of npx and its like: the first that is no option. */
function packageOf(args: readonly string[]): string {
  const named = args.find((word) => !word.startsWith('-'))
  return named === undefined ? '(none is named)' : shown(named)
}

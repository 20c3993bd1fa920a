/** Arguments on a command line: what a program reads back is what was given, whatever it holds. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Command as Commander } from 'commander'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { commandLineOf } from '../../../packages/server/src/plugins/command-line.js'
import type { Command, Parameter } from '../../../packages/server/src/plugins/contract.js'
import { parametersIn } from '../../../packages/server/src/plugins/help-parameters.js'
import { readManifest } from '../../../packages/server/src/plugins/manifest.js'
import { nameTools } from '../../../packages/server/src/plugins/names.js'
import { inputSchemaOf } from '../../../packages/server/src/plugins/schema.js'
import { promises } from '../../requirements.js'

const LIMITS = { maxArgumentBytes: 65_536, maxInputBytes: 1_048_576 }
const printed = (name: string) => readFileSync(new URL(`../../data/help/${name}.txt`, import.meta.url), 'utf8')
const command = (name: string, parameters: readonly Parameter[] | undefined): Command => ({
  name,
  words: [name],
  parameters: parameters ?? [],
  isOpen: parameters === undefined,
  priority: 0,
})
const SEND = command('send-message', parametersIn(printed('argparse-send-message')))
const CLICK = command('click-button', parametersIn(printed('argparse-click-button')))
const OPEN = command('say', undefined)

const wordsOf = (of: Command, given: Record<string, unknown>) => {
  const line = commandLineOf(of, given, LIMITS)
  if ('problem' in line) throw new Error(line.problem)
  return line.words
}
const problemOf = (of: Command, given: Record<string, unknown>, limits = {}) => {
  const line = commandLineOf(of, given, { ...LIMITS, ...limits })
  return 'problem' in line ? line.problem : undefined
}

describe('words', () => {
  test(`of options and places. ${promises('B4.plugin.arguments')}`, () => {
    const given = { message: '/help', times: 2, mode: 'quick', tags: ['a', 'b'], quiet: true, n: 7 }
    expect(wordsOf(SEND, given)).toEqual([
      ...['send-message', '--message=/help', '--times=2', '--mode=quick', '--tags', 'a', 'b', '--quiet', '-n7'],
    ])
    expect(wordsOf(CLICK, { button: '--x', rest: ['-y', ''], wait: false })).toEqual([
      ...['click-button', '--no-wait', '--', '--x', '-y', ''],
    ])
    expect(wordsOf(SEND, { message: '', quiet: false, mode: null })).toEqual(['send-message', '--message='])
  })

  test('of options that nobody knows', () => {
    expect(wordsOf(OPEN, { text: '--no', on: true, off: false, list: [1, 'two'], deep: { a: 1 } })).toEqual([
      ...['say', '--text=--no', '--on', '--list=1', '--list=two', '--deep={"a":1}'],
    ])
  })

  test.each([
    [SEND, {}, 'The argument "message" is missing.'],
    [SEND, { message: ['a'] }, 'The argument "message" is a list that does not fit; expected: one value, not a list.'],
    [SEND, { message: { a: 1 } }, 'The argument "message" is a object that does not fit; expected: a text.'],
    [
      SEND,
      { message: 'a', times: 'often' },
      'The argument "times" is a string that does not fit; expected: a whole number.',
    ],
    [
      SEND,
      { message: 'a', mode: 'fast' },
      'The argument "mode" is a string that does not fit; expected: one of quick, slow.',
    ],
    [
      SEND,
      { message: 'a', quiet: 'maybe' },
      'The argument "quiet" is a string that does not fit; expected: true or false.',
    ],
    [
      SEND,
      { message: 'a', tags: ['--quiet'] },
      'A value of "tags" begins with a dash, which this program reads as an option.',
    ],
    [SEND, { message: 'a\0b' }, 'A value of "message" has a NUL character, which no program can be given.'],
    [SEND, { message: '--' }, 'A value of "message" is --, which some programs read as the end of their options.'],
    [SEND, { message: 'a', text: 1 }, /^The command send-message has no argument "text". It has: message, /],
    [CLICK, { rest: ['a'] }, 'The argument "button" is missing.'],
    [OPEN, { '--text': 'a' }, /cannot be an option: letters, digits, - and _ only\.$/],
    [OPEN, { 'a b': 'a' }, /cannot be an option/],
    [OPEN, { '': 'a' }, /cannot be an option/],
  ])('of what does not fit, none (%#)', (of, given, problem) => {
    const said = problemOf(of, given as Record<string, unknown>)
    typeof problem === 'string' ? expect(said).toBe(problem) : expect(said).toMatch(problem)
  })

  test('of what is too long, none', () => {
    expect(problemOf(SEND, { message: 'x'.repeat(100) }, { maxArgumentBytes: 100 })).toBe(
      'The arguments have 124 bytes; 100 are taken at most.',
    )
  })
})

describe('standard input', () => {
  const manifest = (parameters: object) => readManifest(JSON.stringify({ commands: { put: { parameters } } }))
  const put = (parameters: object) => {
    const read = manifest(parameters)
    if ('problem' in read) throw new Error(read.problem)
    return read.commands![0]!
  }
  const text = put({ name: { place: true, required: true }, text: { stdin: true, required: true } })

  test('has the argument that is declared so, whatever it holds, and no word has it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (given) => {
        const line = commandLineOf(text, { name: 'a', text: given }, LIMITS)
        expect(line).toEqual({ words: ['put', '--', 'a'], input: Buffer.from(given) })
      }),
    )
    expect(commandLineOf(text, { name: 'a', text: '--' }, LIMITS)).toMatchObject({ input: Buffer.from('--') })
    const whole = put({ body: { stdin: true, type: 'json' } })
    expect(commandLineOf(whole, { body: { a: ['x'] } }, LIMITS)).toMatchObject({ input: Buffer.from('{"a":["x"]}') })
    expect(commandLineOf(whole, { body: 'x' }, LIMITS)).toMatchObject({ input: Buffer.from('"x"') })
    expect(commandLineOf(whole, {}, LIMITS)).toEqual({ words: ['put'] })
  })

  test('is bounded on its own', () => {
    const long = { name: 'a', text: 'é'.repeat(50) }
    expect(problemOf(text, long, { maxInputBytes: 99 })).toBe(
      'What goes to standard input has 100 bytes; 99 are taken at most.',
    )
    expect(problemOf(text, long, { maxArgumentBytes: 20, maxInputBytes: 100 })).toBeUndefined()
    expect(problemOf(text, { name: 'a' })).toBe('The argument "text" is missing.')
    expect(problemOf(text, { name: 'a', text: { a: 1 } })).toMatch(/expected: a text\.$/)
  })

  test.each([
    [{ a: { stdin: true, place: true } }, /one value, with no option, place or form$/],
    [{ a: { stdin: true, list: true } }, /one value, with no option, place or form$/],
    [{ a: { stdin: true, option: '--a' } }, /one value, with no option, place or form$/],
    [{ a: { stdin: true }, b: { stdin: true } }, /has more than one that is read on standard input$/],
  ])('is one argument (%#)', (parameters, problem) => {
    expect(manifest(parameters)).toEqual({ problem: expect.stringMatching(problem) })
  })
})

const value = fc
  .oneof(
    fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.replaceAll('\0', '')),
    fc.constantFrom(
      ...[
        '--quiet',
        '-n',
        '-',
        '=',
        '--message=x',
        '$(id)',
        '`id`',
        '; id',
        '| id',
        '&& id',
        '\n',
        '*',
        '~',
        '%s',
        '@file',
        '-h',
      ],
    ),
  )
  // The one value that is refused, and texts that are none.
  .filter((text) => text !== '--' && Buffer.from(text).toString() === text)

describe('whatever a value holds,', () => {
  test('argparse reads it as the value that it is', () => {
    const cases = fc.sample(
      fc.record({ message: value, times: fc.integer(), quiet: fc.boolean() }, { requiredKeys: ['message'] }),
      { numRuns: 300, seed: 11 },
    )
    const places = fc.sample(fc.record({ button: value, rest: fc.array(value, { maxLength: 3 }) }), {
      numRuns: 300,
      seed: 12,
    })
    const lines = [...cases.map((given) => wordsOf(SEND, given)), ...places.map((given) => wordsOf(CLICK, given))]
    // One program reads them all with the parser of the plugin, as to start it for each would take long.
    const script = `
import json, runpy, sys
sys.argv = ["cli.py", "click-button", "x"]
parser = runpy.run_path(${JSON.stringify(fileURLToPath(new URL('../../fixtures/plugins/botfather/cli.py', import.meta.url)))})["parser"]
for line in json.loads(sys.stdin.read()):
    print(json.dumps(vars(parser.parse_args(line))))
`
    const { stdout, stderr } = spawnSync('python3', ['-c', script], { input: JSON.stringify(lines), encoding: 'utf8' })
    const read = stdout
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(stderr).toBe('')
    expect(read).toHaveLength(600)
    const sent = cases.map(({ message, times = 1, quiet = false }) => ({ message, times, quiet }))
    expect(read.slice(0, 300).map(({ message, times, quiet }) => ({ message, times, quiet }))).toEqual(sent)
    expect(read.slice(300).map(({ button, rest }) => ({ button, rest }))).toEqual(places)
  })

  test.each(['click', 'typer'])('%s reads it as the value that it is', (parser) => {
    const cli = fileURLToPath(new URL(`../../fixtures/parsers/${parser}/cli.py`, import.meta.url))
    // They are Debian's own.
    const python = (args: readonly string[], input = '') =>
      spawnSync('/usr/bin/python3', args, { input, encoding: 'utf8', env: { COLUMNS: '200' } })
    const help = python([cli, 'remote', 'add', '--help']).stdout
    const add: Command = { ...command('remote add', parametersIn(help)), words: ['remote', 'add'] }
    const cases = fc.sample(fc.record({ name: value, url: value, force: fc.boolean() }), { numRuns: 200, seed: 13 })
    const script = `
import json, runpy, sys
cli = runpy.run_path(${JSON.stringify(cli)}, run_name="plugin")["cli"]
for line in json.loads(sys.stdin.read()):
    cli(line, standalone_mode=False)
`
    const { stdout, stderr } = python(['-c', script], JSON.stringify(cases.map((given) => wordsOf(add, given))))
    expect(stderr).toBe('')
    const read = stdout.trim().split('\n')
    expect(read.map((line) => JSON.parse(line) as object)).toEqual(
      cases.map((given) => ({ command: 'remote add', ...given })),
    )
  })

  test('commander reads it as the value that it is', () => {
    const mail = command('send', parametersIn(printed('commander-send')))
    fc.assert(
      fc.property(fc.record({ message: value, to: value, subject: value, verbose: fc.boolean() }), (given) => {
        let read: object = {}
        const program = new Commander().exitOverride().configureOutput({ writeErr() {} })
        program
          .command('send')
          .argument('<to>')
          .argument('[subject]')
          .option('-m, --message <text>')
          .option('-v, --verbose')
          .action((to, subject, options) => {
            read = { verbose: false, to, subject, ...options }
          })
        program.parse(wordsOf(mail, given) as string[], { from: 'user' })
        expect(read).toEqual(given)
      }),
      { numRuns: 300 },
    )
  })

  test('one word holds it, behind an option that was declared, or behind all options', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/), value), (given) => {
        const words = wordsOf(OPEN, given).slice(1)
        expect(words).toEqual(Object.entries(given).map(([key, text]) => `--${key}=${text}`))
      }),
      { numRuns: 300 },
    )
  })
})

describe('names of tools', () => {
  const plugin = (name: string, ...names: readonly string[]) => ({
    name,
    folder: '',
    program: [],
    commands: names.map((one) => command(one, undefined)),
  })
  const named = (separator: string, ...plugins: readonly ReturnType<typeof plugin>[]) => [
    ...nameTools(plugins, separator).keys(),
  ]

  test(`are made of plugin and command. ${promises('B4.plugin.tool-name')}`, () =>
    expect(named('.', plugin('botfather', 'send-message', 'click-button'))).toEqual([
      'botfather.send-message',
      'botfather.click-button',
    ]))

  test('have the groups in which a command is', () => {
    const git = plugin('git', 'status', 'remote add', 'remote branch track')
    expect(named('.', git)).toEqual(['git.status', 'git.remote.add', 'git.remote.branch.track'])
    expect(named('__', git)).toEqual(['git__status', 'git__remote__add', 'git__remote__branch__track'])
  })

  test('that clients reject are mapped, each time alike, and never to one', () => {
    const odd = [plugin('my bot', 'run:all', 'x'.repeat(80)), plugin('my_bot', 'run_all')]
    expect(named('__', ...odd)).toEqual([
      'my_bot__run_all_d1e10352',
      expect.stringMatching(/^my_bot__x{47}_[0-9a-f]{8}$/),
      'my_bot__run_all_3e7de337',
    ])
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ minLength: 1, unit: 'binary' }), { maxLength: 8 }), (commands) => {
        const names = named('.', plugin('a', ...commands), plugin('b', ...commands))
        expect(new Set(names).size).toBe(commands.length * 2)
        expect(names.filter((name) => !/^[\w-]+(?:\.[\w-]*)+$/.test(name) || name.length > 64)).toEqual([])
      }),
    )
  })
})

test('a schema says what a command takes', () => {
  expect(inputSchemaOf(SEND)).toEqual({
    type: 'object',
    properties: {
      message: { type: 'string', description: 'Text to send' },
      times: { type: 'integer', description: 'How often', default: 1 },
      mode: { type: 'string', enum: ['quick', 'slow'], description: 'How it goes' },
      tags: { type: 'array', items: { type: 'string' }, description: 'Words to find it by' },
      quiet: { type: 'boolean', description: 'Says nothing else' },
      n: { type: 'integer', description: 'A number, by its letter' },
    },
    required: ['message'],
    additionalProperties: false,
  })
  expect(inputSchemaOf(OPEN).additionalProperties).toBeTruthy()
})

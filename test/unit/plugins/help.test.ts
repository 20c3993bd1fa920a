/** Helps as real parsers wrote them: each text of test/data/help was printed by the program that its name tells. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Parameter } from '../../../packages/server/src/plugins/contract.js'
import { commandsIn } from '../../../packages/server/src/plugins/help-commands.js'
import { parametersIn } from '../../../packages/server/src/plugins/help-parameters.js'
import { promises } from '../../requirements.js'

const printed = (name: string) => readFileSync(new URL(`../../data/help/${name}.txt`, import.meta.url), 'utf8')
const namesIn = (text: string) => commandsIn(text).commands.map(({ name }) => name)

/** A parameter in a line: `message* string --message=`, `tags[] string --tags `, `title* string`. */
function said({ name, isList, isRequired, type, choices, default: byDefault, option, negation, form }: Parameter) {
  const value = choices ? choices.join('|') : type
  const how = option === undefined ? '' : ` ${option}${{ '=': '=', attached: '', apart: ' ' }[form]}`
  const no = negation === undefined ? '' : ` ${negation}`
  const none = byDefault === undefined ? '' : ` (${byDefault})`
  return `${name}${isList ? '[]' : ''}${isRequired ? '*' : ''} ${value}${how}${no}${none}`
}

describe('commands', () => {
  test(`stand below "Available commands:". ${promises('B4.plugin.available-commands')}`, () => {
    const { commands, answersHelp } = commandsIn(printed('argparse'))
    expect(commands).toEqual([
      { name: 'send-message', description: 'Send a message' },
      {
        name: 'click-button',
        description: 'Click a button of the newest message, which may have a long description that goes on',
      },
      { name: 'work', description: 'Takes its time, in steps' },
      { name: 'fail', description: 'Ends with a status of its own' },
    ])
    expect(answersHelp).toBe(true)
  })

  test.each([
    ['click', ['add', 'list-all']],
    ['typer', ['add', 'list-all']],
    ['typer_rich', ['add', 'list-all']],
    ['commander', ['send', 'check']],
    ['yargs', ['send', 'check']],
  ])('%s names them as it does', (name, commands) => {
    expect(namesIn(printed(name))).toEqual(commands)
    expect(commandsIn(printed(name)).commands[0]?.description).toMatch(/^(?:Adds a note\.|Send a mail)$/)
  })

  test.each([
    ['words behind a gap', 'Available commands:\n  send-message   Send a message\n  read           Read\n'],
    [
      'words behind a colon',
      'Available commands:\n  send-message: sends a message\n  read: reads\n\nOptions:\n  --x  y\n',
    ],
    ['words behind a dash', 'My bot\n\nAvailable Commands:\n- send-message - sends\n- read – reads\n'],
    ['no indentation', 'Available commands:\nsend-message - sends a message\nread - reads\n\nBye bye\n'],
    ['names alone', 'available commands:\n\tsend-message\n\tread\n'],
    ['one line', 'Available commands: send-message, read\n'],
    ['what they take', 'Available commands:\n  send-message <text> [times]  Send it\n  read [options]\n'],
    [
      'a long description',
      'Available commands:\n  send-message  Sends a message that is\n                described here\n  read\n',
    ],
    ['an alias', 'Available commands:\n  send-message, s  Sends\n  read|r  Reads\n  help  Helps\n'],
    ['colours', '\u001b[1mAvailable commands:\u001b[0m\n  \u001b[32msend-message\u001b[0m  Sends\n  read  Reads\n'],
    ['other sections', 'Commands:\n  other  Not this\n\nAvailable commands:\n  send-message  Sends\n  read  Reads\n'],
    ['no line but \\r\\n', 'Available commands:\r\n  send-message  Sends\r\n  read  Reads\r\n'],
  ])('a plain help with %s', (_, text) => expect(namesIn(text)).toEqual(['send-message', 'read']))

  test('where there is no section, or nothing in it, that is told apart', () => {
    expect(commandsIn('usage: cli.py [-h]\n\noptions:\n  -h, --help  help\n')).toMatchObject({ section: false })
    expect(commandsIn('Available commands:\n\nOptions:\n  -x  y\n')).toMatchObject({ section: true, commands: [] })
    expect(commandsIn('Available commands:\n  pick one of these\n')).toMatchObject({ section: true, commands: [] })
  })

  test('of a plain help nobody knows that `<command> --help` runs nothing', () =>
    expect(commandsIn('Usage: cli [--help]\n\nAvailable commands:\n  wipe  Wipe the disk\n').answersHelp).toBe(false))
})

describe('parameters', () => {
  test.each([
    [
      'argparse-send-message',
      [
        'message* string --message=',
        'times integer --times= (1)',
        'mode quick|slow --mode=',
        'tags[] string --tags ',
        'quiet boolean --quiet=',
        'n integer -n',
      ],
    ],
    ['argparse-click-button', ['wait boolean --wait= --no-wait', 'button* string', 'rest[] string']],
    [
      'click-add',
      [
        'text* string --text=',
        'times integer --times= (1)',
        'kind short|long --kind= (short)',
        'ratio number --ratio=',
        'shout boolean --shout= --no-shout',
        'pinned boolean --pinned=',
        'title* string',
        'files[] string',
      ],
    ],
    ...['typer-add', 'typer_rich-add'].map(
      (name) =>
        [
          name,
          [
            'text* string --text=',
            'times integer --times= (1)',
            'kind short|long --kind= (short)',
            'shout boolean --shout= --no-shout',
            'tag string --tag=',
            'title* string',
            'files[] string',
          ],
        ] as const,
    ),
    [
      'commander-send',
      [
        'message string --message= (hello)',
        'mode fast|slow --mode=',
        'tags[] string --tags=',
        'verbose boolean --verbose=',
        'no-color boolean --no-color=',
        'to* string',
        'subject string',
      ],
    ],
    [
      'yargs-send',
      [
        'message* string --message=',
        'times number --times= (1)',
        'mode fast|slow --mode=',
        'loud boolean --loud=',
        'tags[] string --tags=',
        'to* string',
        'cc[] string',
      ],
    ],
  ] as const)('%s says all of them', (name, parameters) => {
    const found = parametersIn(printed(name)) ?? []
    expect(found.map(said)).toEqual(parameters)
    expect(
      found.filter(({ description }) => description !== undefined && /[[\]()]|^[A-Z]{4}/.test(description)),
    ).toEqual([])
  })

  test('of a plain form', () => {
    const text =
      'Usage: cli send\n\nOptions:\n  --text=TEXT   What it says\n  --loud        In CAPITALS\n  -x            One letter\n'
    expect(parametersIn(text)?.map(said)).toEqual(['text string --text=', 'loud boolean --loud=', 'x boolean -x'])
  })

  test('of a group of which one must be given, none must', () => {
    const text =
      'usage: cli.py send [-h] (--one ONE | --two TWO) --three THREE\n\noptions:\n  --one ONE\n  --two TWO\n  --three THREE\n'
    expect(parametersIn(text)?.map(said)).toEqual(['one string --one=', 'two string --two=', 'three* string --three='])
  })

  test('of a command that has many, all are known', () => {
    const names = Array.from({ length: 300 }, (_, at) => `--option-${at}`)
    const help = `Usage: cli [OPTIONS]\n\nOptions:\n${names.map((name) => `  ${name} TEXT  One of many.`).join('\n')}\n`
    expect(parametersIn(help)?.map(({ option }) => option)).toEqual(names)
  })

  test('of a text that says nothing of them, nothing is known', () => {
    expect(parametersIn('Sent.\n')).toBeUndefined()
    expect(parametersIn('')).toBeUndefined()
  })
})

test('whatever a help prints, what is read of it are names', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      ...['Available commands:', 'Options:', 'usage: ', '  --', '[', ']', '{a,b}', '│', '  ', '\n', '...', 'X'],
    ),
    fc.string({ maxLength: 12, unit: 'binary' }),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 300 }), (pieces) => {
      const text = pieces.join('')
      const names = [...namesIn(text), ...(parametersIn(text) ?? []).map(({ name }) => name)]
      expect(names.filter((name) => !/^[\w?][\w:.-]*$/.test(name))).toEqual([])
    }),
    { numRuns: 100 },
  )
})

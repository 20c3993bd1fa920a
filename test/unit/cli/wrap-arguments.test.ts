import { expect, test } from 'vitest'
import { usualWrap } from '../../../packages/server/src/cli/wrap-arguments.js'

test.each([
  ['wrap -- node server.js', { command: 'node', args: ['server.js'] }],
  ['wrap --name notes -- node -- --name x', { name: 'notes', command: 'node', args: ['--', '--name', 'x'] }],
  ['wrap -n notes -- server', { name: 'notes', command: 'server', args: [] }],
])('%s is read at once', (line, expected) => {
  expect(usualWrap(line.split(' '))).toEqual(expected)
})

test.each([
  'wrap',
  'wrap --',
  'wrap node server.js',
  'wrap words -- node',
  'wrap --name -- node',
  'wrap --name --help -- node',
  'wrap --help -- node',
  'up -- node',
  '',
])('%s is left to the parser of all commands', (line) => {
  expect(usualWrap(line.split(' '))).toBeUndefined()
})

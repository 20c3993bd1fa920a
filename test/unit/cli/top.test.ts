import { expect, test } from 'vitest'
import { person } from './person.js'

test.each([
  [['--sort', 'colour'], 'Allowed choices are server, state, rate'],
  [['--view', 'everything'], 'Allowed choices are servers, tools, sessions, alerts'],
  [['--interval', '0'], 'Expected: a number of seconds from 0.2 to 3600, for example 5.'],
])('top %j is refused with what is taken', async (args, words) => {
  const { status, seen } = person(['top', ...args])
  expect(await status).toBe(2)
  const { out, err } = seen()
  expect(out).toBe('')
  expect(err).toContain(words)
})

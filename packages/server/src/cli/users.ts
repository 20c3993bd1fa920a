import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { makePasswordHash } from '../access/index.js'
import { vitalsError } from '../errors/index.js'
import { hasPerson, type Terminal } from './terminal.js'

/** As NIST SP 800-63B wants it of a password that stands alone: 15 characters, of whatever kind. */
const LEAST_CHARS = 15
const MOST_CHARS = 512

/** Prints what `dashboard.users` keeps of a password: of one that is typed twice, unseen, or the first line of the input. */
export async function hashPassword(terminal: Terminal): Promise<void> {
  const password = hasPerson(terminal) ? await typed(terminal) : await firstLine(terminal)
  const { length } = [...password]
  if (length < LEAST_CHARS || length > MOST_CHARS)
    throw vitalsError('PASSWORD_UNFIT', {
      reason: `has ${length} characters; ${LEAST_CHARS} to ${MOST_CHARS} are wanted`,
    })
  terminal.out.write(`${await makePasswordHash(password)}\n`)
}

async function typed(terminal: Terminal): Promise<string> {
  const password = await unseen('Password: ', terminal)
  if ((await unseen('The same again: ', terminal)) !== password)
    throw vitalsError('PASSWORD_UNFIT', { reason: 'was not typed the same twice' })
  return password
}

/** What a person types, which is not shown. */
async function unseen(question: string, { input, err }: Terminal): Promise<string> {
  const nowhere = new Writable({ write: (_, __, done) => done() })
  const prompt = createInterface({ input, output: nowhere, terminal: true, historySize: 0 })
  prompt.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  err.write(question)
  try {
    return await prompt.question('')
  } finally {
    prompt.close()
    err.write('\n')
  }
}

async function firstLine({ input }: Terminal): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    chunks.push(bytes)
    if (bytes.includes(10) || size > 4 * MOST_CHARS) break
  }
  return Buffer.concat(chunks).toString('utf8').split(/\r?\n/, 1)[0]!
}

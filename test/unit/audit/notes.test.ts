import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  beginLog,
  createSigner,
  generateSigningKey,
  joinNotes,
  openCheckpoint,
  parseVerifierKey,
  readSigningKey,
  signCheckpoint,
  splitNotes,
} from '../../../packages/server/src/audit/index.js'
import { openNote, signNote } from '../../../packages/server/src/audit/note.js'
import { checkpointsOf, LOG, makeLog, testSigner } from '../../fixtures/audit-logs.js'

const KEEPER = testSigner(1)
const NEXT = testSigner(3)
const STRANGER = testSigner(2)
const log = makeLog(9)
const [note = ''] = checkpointsOf(log, [9], [KEEPER])
const [both = ''] = checkpointsOf(log, [9], [KEEPER, NEXT])

describe('signed notes', () => {
  test('the example of C2SP’s signed-note opens with its key, and with no other', () => {
    const example =
      'This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n'
    const key = parseVerifierKey('example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k')
    expect(openNote(example, [key])).toEqual({ text: 'This is an example message.\n' })
    expect(openNote(example.replace('an example', 'no example'), [key])).toBe('unsigned')
    expect(openNote(example, [KEEPER.key])).toBe('foreign key')
  })

  test('a text with empty lines in it is signed up to the last of them', () => {
    const poem = signNote('one\n\n— two\n\nthree\n', [KEEPER])
    expect(openNote(poem, [KEEPER.key])).toEqual({ text: 'one\n\n— two\n\nthree\n' })
  })

  test.each([
    ['no signature', 'text\n'],
    ['no text', note.slice(note.lastIndexOf('\n\n'))],
    ['a line that is no signature', `${note}signed\n`],
    ['a signature that is no base64', note.replace(/=\n$/, '!\n')],
    ['no newline at its end', note.slice(0, -1)],
    ['too many signatures', `${note}${note.split('\n\n')[1]!.repeat(64)}`],
  ])('a note with %s is unsigned', (_, broken) => {
    expect(openNote(broken, [KEEPER.key])).toBe('unsigned')
  })

  test('while a key is changed, notes signed by both open with either, and a wrong one of the two is no note', () => {
    expect(openCheckpoint(both, LOG, [KEEPER.key])).toMatchObject({ size: 9 })
    expect(openCheckpoint(both, LOG, [NEXT.key])).toMatchObject({ size: 9 })
    expect(openCheckpoint(both, LOG, [STRANGER.key])).toBe('foreign key')
    const [text, lines = ''] = both.split('\n\n')
    const [first = '', second = ''] = lines.split('\n')
    const forged = `${second.slice(0, -8)}AAAAAAA=`
    const halfForged = `${text}\n\n${first}\n${forged}\n`
    expect(openCheckpoint(halfForged, LOG, [KEEPER.key, NEXT.key])).toBe('unsigned')
    expect(openCheckpoint(halfForged, LOG, [KEEPER.key])).toMatchObject({ size: 9 })
  })

  test('notes of a file come out as they went in, whatever stands between them', () => {
    expect(splitNotes(joinNotes([note, both, note]))).toEqual([note, both, note])
    expect(splitNotes(`\n\n${note}\n\n\n\n${both}\n\n`)).toEqual([note, both])
    expect(splitNotes('\n\n')).toEqual([])
  })
})

describe('checkpoints', () => {
  test('have the form of C2SP’s tlog-checkpoint, with the end of the chain and the time', () => {
    const [text, lines] = note.split('\n\n')
    expect(text).toMatch(/^example\.com\/audit\n9\n[A-Za-z0-9+/]{43}=\nlast_hash [0-9a-f]{64}\ntime 1795233609$/)
    expect(lines).toMatch(/^— example\.com\/audit [A-Za-z0-9+/]{91}=\n$/)
    const { rowHash } = log.rows[8]!
    expect(openCheckpoint(note, LOG, [KEEPER.key])).toMatchObject({ lastHash: rowHash, timeSeconds: 1_795_233_609 })
  })

  test('lines that a later version adds are signed, and not minded', () => {
    const [text = ''] = note.split('\n\n')
    expect(openCheckpoint(signNote(`${text}\nmore 1\n`, [KEEPER]), LOG, [KEEPER.key])).toMatchObject({ size: 9 })
    expect(openCheckpoint(signNote(`${text.replace('time', 'date')}\n`, [KEEPER]), LOG, [KEEPER.key])).toBe('unsigned')
  })

  test('of another log, signed by the same key, are foreign', () => {
    const other = signCheckpoint(beginLog('example.com/other'), 0, [KEEPER])
    expect(openCheckpoint(other, LOG, [KEEPER.key])).toBe('foreign key')
  })
})

describe('keys', () => {
  test('a new key signs what its public half verifies', () => {
    const signer = readSigningKey(LOG, generateSigningKey())
    const key = parseVerifierKey(`${signer.key.vkey}\n`)
    expect(key.vkey).toBe(signer.key.vkey)
    expect(openCheckpoint(signCheckpoint(log.heads[3]!, 1, [signer]), LOG, [key])).toMatchObject({ size: 3 })
  })

  test.each([
    ['no key at all', 'example.com/audit'],
    ['an id that is another key’s', KEEPER.key.vkey.replace(KEEPER.key.keyId, NEXT.key.keyId)],
    ['a name that is another’s', KEEPER.key.vkey.replace('audit', 'other')],
    ['a type that is not ours', KEEPER.key.vkey.replace('+AY', '+BI')],
  ])('what has %s is refused, with the form that is asked for', (_, vkey) => {
    expect(() => parseVerifierKey(vkey)).toThrow(expect.objectContaining({ code: 'AUDIT_KEY_INVALID' }))
  })

  test('a private key of another kind is refused, and never repeated', () => {
    const { privateKey } = generateKeyPairSync('x25519')
    expect(() => createSigner(LOG, privateKey)).toThrow('no Ed25519 private key')
    expect(() => readSigningKey(LOG, 'secret words')).toThrow(
      expect.objectContaining({ code: 'AUDIT_KEY_INVALID', message: expect.not.stringContaining('secret') }),
    )
  })

  test.each(['', 'two words', 'a+b', 'a\nb', 'x'.repeat(201)])('%j names no log', (name) => {
    expect(() => beginLog(name)).toThrow(expect.objectContaining({ code: 'AUDIT_NAME_INVALID' }))
    expect(() => createSigner(name, generateKeyPairSync('ed25519').privateKey)).toThrow('cannot be an audit log’s')
  })
})

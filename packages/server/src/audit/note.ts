import type { Signer, VerifierKey } from './keys.js'

const SIGNATURE_START = '— '
/** Key id (4 bytes) and Ed25519 signature. */
const ID_BYTES = 4
/** Most signatures of a note that are looked at; C2SP asks for 16 at least. */
export const MAX_SIGNATURES = 64

/** Why a note says nothing: no right signature of a known key on it, or none of a known key at all. */
export type NoteFault = 'unsigned' | 'foreign key'

/**
 * Signs a text in the form of C2SP's signed-note. Several signers sign side by side, as while a key is being changed.
 *
 * @param text ends with a newline, has no empty line
 */
export function signNote(text: string, signers: readonly Signer[]): string {
  const bytes = Buffer.from(text)
  const lines = signers.map(({ key, sign }) => {
    const signature = Buffer.concat([Buffer.from(key.keyId, 'hex'), sign(bytes)]).toString('base64')
    return `${SIGNATURE_START}${key.name} ${signature}\n`
  })
  return `${text}\n${lines.join('')}`
}

/**
 * Takes a note apart and checks it: every signature line has the right form, each that names a known key is right, and
 * there is one at least.
 */
export function openNote(note: string, keys: readonly VerifierKey[]): { readonly text: string } | NoteFault {
  const gap = note.lastIndexOf('\n\n')
  const text = note.slice(0, gap + 1)
  const lines = note.slice(gap + 2).split('\n')
  if (gap < 1 || lines.pop() !== '' || lines.length < 1 || lines.length > MAX_SIGNATURES) return 'unsigned'
  const bytes = Buffer.from(text)
  let known = false
  for (const line of lines) {
    const signature = readSignature(line)
    if (!signature) return 'unsigned'
    const { name, keyId } = signature
    const key = keys.find((candidate) => candidate.name === name && candidate.keyId === keyId)
    if (!key) continue
    if (!key.verifies(bytes, signature.bytes)) return 'unsigned'
    known = true
  }
  return known ? { text } : 'foreign key'
}

function readSignature(line: string) {
  const [, name, encoded] = /^— ([^ ]+) ([^ ]+)$/.exec(line) ?? []
  if (name === undefined || encoded === undefined) return undefined
  const bytes = Buffer.from(encoded, 'base64')
  if (bytes.length <= ID_BYTES || bytes.toString('base64') !== encoded) return undefined
  return { name, keyId: bytes.toString('hex', 0, ID_BYTES), bytes: bytes.subarray(ID_BYTES) }
}

/** The notes of a file: one after the other, with an empty line between them. Nothing in it is left out. */
export function splitNotes(file: string): readonly string[] {
  const blocks = file.replace(/^\n+|\n+$/g, '').split('\n\n')
  if (blocks.length === 1 && blocks[0] === '') return []
  return Array.from(
    { length: Math.ceil(blocks.length / 2) },
    (_, n) => `${blocks.slice(2 * n, 2 * n + 2).join('\n\n')}\n`,
  )
}

/** Writes notes as `splitNotes` reads them. */
export function joinNotes(notes: readonly string[]): string {
  return notes.join('\n')
}

import type { Signer, VerifierKey } from './keys.js'

const SIGNATURE_START = '— '
const BASE64 = '(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?'
/** A text, an empty line, and 1 to 64 signatures; C2SP asks that 16 be taken at least. */
const NOTE = new RegExp(`^(.+\n)\n((?:${SIGNATURE_START}[^ \n]+ ${BASE64}\n){1,64})$`, 's')
/** Bytes of the key id before a signature. */
const ID_BYTES = 4

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
  const [, text, lines = ''] = NOTE.exec(note) ?? []
  if (text === undefined) return 'unsigned'
  const bytes = Buffer.from(text)
  let known = false
  for (const line of lines.split('\n').slice(0, -1)) {
    const [, name, encoded = ''] = line.split(' ')
    const signature = Buffer.from(encoded, 'base64')
    const keyId = signature.toString('hex', 0, ID_BYTES)
    const key = keys.find((candidate) => candidate.name === name && candidate.keyId === keyId)
    if (!key) continue
    if (!key.verifies(bytes, signature.subarray(ID_BYTES))) return 'unsigned'
    known = true
  }
  return known ? { text } : 'foreign key'
}

/** The signature lines that signers put below a text. */
export function signatureLines(text: string, signers: readonly Signer[]): string {
  return signNote(text, signers).slice(text.length + 1)
}

/** The notes of a file: one after the other, with an empty line between them. Nothing in it is left out. */
export function splitNotes(file: string): readonly string[] {
  const notes = file.replace(/^\n+|\n+$/g, '').split(/\n\n+(?!— )/)
  return notes.filter((note) => note !== '').map((note) => `${note}\n`)
}

/** Writes notes as `splitNotes` reads them. */
export function joinNotes(notes: readonly string[]): string {
  return notes.join('\n')
}

import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'

/**
 * Cost of a new hash: 2^15 blocks of 8, three times over (OWASP’s cheat sheet on storing passwords names it as one of
 * equals): 32 MiB, and about a third of a second of one core, which is not the main loop’s.
 */
const COST = { logN: 15, r: 8, p: 3 } as const
/** The most that a hash of a configuration may ask for: 256 MiB. */
const MAX_BYTES = 268_435_456
const SALT_BYTES = 16
const HASH_BYTES = 32
const FORM = /^scrypt\$(\d{1,2})\$(\d{1,2})\$(\d{1,2})\$([\w-]{22})\$([\w-]{43})$/

interface Cost {
  readonly logN: number
  readonly r: number
  readonly p: number
}

/** What is kept of a password: `scrypt$<log2 N>$<r>$<p>$<salt>$<hash>`, both in base64url. */
export async function makePasswordHash(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const hash = await derived(password, salt, COST)
  const { logN, r, p } = COST
  return ['scrypt', logN, r, p, salt.toString('base64url'), hash.toString('base64url')].join('$')
}

/** Whether a password is the one of the hash. A text that is no hash is that of no password, after as much work. */
export async function isPasswordOf(password: string, hash: string | undefined): Promise<boolean> {
  const [, logN, r, p, salt = '', expected = ''] = FORM.exec(hash ?? '') ?? []
  const cost = logN === undefined ? COST : { logN: Number(logN), r: Number(r), p: Number(p) }
  const found = await derived(password, Buffer.from(salt, 'base64url'), cost).catch(() => randomBytes(HASH_BYTES))
  const wanted = Buffer.from(expected, 'base64url')
  return wanted.length === found.length && timingSafeEqual(found, wanted)
}

/** In a thread of Node’s pool. */
function derived(password: string, salt: Buffer, { logN, r, p }: Cost): Promise<Buffer> {
  const options: ScryptOptions = { N: 2 ** logN, r, p, maxmem: MAX_BYTES }
  return new Promise((resolve, reject) => {
    // The same letters may be written in several ways: one of them counts.
    scrypt(password.normalize('NFKC'), salt, HASH_BYTES, options, (error, key) =>
      error ? reject(error) : resolve(key),
    )
  })
}

import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

const pack = promisify(gzip)

/** JSON, packed; on a thread of Node's pool. */
export async function packedJson(value: object): Promise<Uint8Array<ArrayBuffer>> {
  // Level 1 takes a third of the time of the default, for a tenth more bytes.
  return Uint8Array.from(await pack(JSON.stringify(value), { level: 1 }))
}

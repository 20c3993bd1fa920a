import { existsSync } from 'node:fs'
import { hashOf, readBytes } from './files.js'
import type { Ledger } from './ledger.js'
import { clientFiles, type Found, type Places } from './places.js'
import { decoded, type FileProblem, isProblem, planOf, present, shapeOf } from './plan.js'
import { parsedEntries } from './rewrite.js'
import { isGatewayUrl } from './routing.js'
import { wrapLength } from './wrapping.js'

/** One client’s file and its servers. */
export interface FileStatus {
  readonly path: string
  readonly title: string
  /** What it is called on the command line. */
  readonly client: string
  readonly servers: readonly ServerStatus[]
  /** Whether it still is, byte for byte, what `install` wrote. */
  readonly isAsWritten: boolean
}

export interface ServerStatus {
  readonly name: string
  /** `broken`: its wrap names a program that is no more, so the client cannot start it. */
  readonly state: 'watched' | 'unwatched' | 'broken'
  readonly by: 'command' | 'address' | 'other'
  readonly isDisabled: boolean
}

export async function readStatus(
  places: Places,
  ledger: Ledger,
  gatewayUrl: string,
): Promise<readonly (FileStatus | FileProblem)[]> {
  const files = await present(clientFiles(places))
  return Promise.all(files.map((found) => fileStatus(found, ledger, gatewayUrl)))
}

async function fileStatus(found: Found, ledger: Ledger, gatewayUrl: string): Promise<FileStatus | FileProblem> {
  const { path, client } = found
  const read = await planOf({ path, title: client.title }, async () => {
    const bytes = (await readBytes(path))!
    return { bytes, entries: parsedEntries(decoded(bytes).text, shapeOf(found)) }
  })
  if (isProblem(read)) return read
  const servers = read.entries.map(({ name, kind, isDisabled }): ServerStatus => {
    if (kind.is === 'other') return { name, state: 'unwatched', by: 'other', isDisabled }
    if (kind.is === 'http')
      return {
        name,
        state: isGatewayUrl(kind.address, gatewayUrl) ? 'watched' : 'unwatched',
        by: 'address',
        isDisabled,
      }
    const isWrapped = wrapLength(kind.words) > 0
    const isBroken = isWrapped && kind.words[2] === 'wrap' && !kind.words.slice(0, 2).every((file) => existsSync(file))
    return { name, state: isBroken ? 'broken' : isWrapped ? 'watched' : 'unwatched', by: 'command', isDisabled }
  })
  const isAsWritten = ledger.of(path)?.written === hashOf(read.bytes)
  return { path, title: client.title, client: client.id, servers, isAsWritten }
}

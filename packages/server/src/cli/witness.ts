import { join } from 'node:path'
import { generateSigningKey, parseVerifierKey, readWitnessKey } from '../audit/index.js'
import { createPrivately, defaultDataDir, readPrivately, refuseRights } from '../datadir/index.js'
import { vitalsError } from '../errors/index.js'
import { makeFolder } from '../folders/index.js'
import { holderOf } from '../listen/index.js'
import { createWitnessServer, openWitness } from '../witness/index.js'
import { STATUS } from './report.js'
import { onStopSignal } from './signals.js'
import type { Terminal } from './terminal.js'

/** What the command line gave to `witness`. */
export interface WitnessFlags {
  readonly name: string
  readonly log: readonly string[]
  readonly host: string
  readonly port: string
  readonly data?: string
}

/** Serves a witness until a signal ends it. Resolves to the exit status. */
export async function witness(flags: WitnessFlags, { out, err, env }: Terminal): Promise<number> {
  const dir = flags.data ?? join(defaultDataDir({ env }), 'witness')
  const port = /^\d{1,5}$/.test(flags.port) ? Number(flags.port) : Number.NaN
  if (!(port <= 65_535)) {
    const value = JSON.stringify(flags.port)
    throw vitalsError('AUDIT_OPTION_INVALID', { option: '--port', value, expected: 'a port, such as 9466' })
  }
  makeFolder(dir, 0o700)
  const keyFile = join(dir, 'witness.key')
  const made = generateSigningKey()
  const isNew = await createPrivately(keyFile, made)
  await refuseRights(keyFile, 0o077)
  const signer = readWitnessKey(flags.name, isNew ? made : ((await readPrivately(keyFile)) ?? ''), Date.now)
  const logs = flags.log.map(parseVerifierKey)
  const onFault = (error: Error) => err.write(`A checkpoint was not kept, and not signed: ${error.message}\n`)
  const server = createWitnessServer(openWitness({ dir, logs, signer }), onFault)
  const signals = onStopSignal()
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        const { host } = flags
        reject(
          error.code === 'EADDRINUSE'
            ? vitalsError('PORT_IN_USE', { host, port, holder: holderOf(port) }, error)
            : error,
        )
      })
      server.listen(port, flags.host, resolve)
    })
    const { address, family, port: bound } = server.address() as import('node:net').AddressInfo
    out.write(`${signer.key.vkey}\n`)
    err.write(
      `The witness signs for ${logs.length} keys of logs at http://${family === 'IPv6' ? `[${address}]` : address}:${bound}/\n`,
    )
    await signals.stopped
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    return STATUS.ok
  } finally {
    signals.forget()
  }
}

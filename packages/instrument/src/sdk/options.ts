import { OWN_SERVER } from '../event/index.js'
import { isObject, type TransportKind } from './shapes.js'

/** Longest name of a server, characters. */
const MAX_NAME_LENGTH = 128
const TRANSPORTS: readonly TransportKind[] = ['stdio', 'http', 'sse', 'memory']

/** How a server or client is instrumented. */
export interface InstrumentOptions {
  /** Name of the server in events and labels, 1 to 128 characters. Default: what the server calls itself, else what `configure` was told, else `server`; of a client, `upstream`. */
  readonly server?: string | undefined
  /** How it is connected, in events. Default: told from the transport. */
  readonly transport?: TransportKind | undefined
}

/** Throws TypeError or RangeError for options that cannot be meant. */
export function checkOptions(options: InstrumentOptions): void {
  // A caller without types may give anything.
  const given: unknown = options
  if (!isObject(given)) throw new TypeError(`options must be an object, such as { server: "files" }: ${given}`)
  const { server, transport } = options
  const isName =
    typeof server === 'string' && server !== '' && server.length <= MAX_NAME_LENGTH && server !== OWN_SERVER
  if (server !== undefined && !isName)
    throw new RangeError(
      `server must be a name of 1 to ${MAX_NAME_LENGTH} characters other than "${OWN_SERVER}", such as "files": ${server}`,
    )
  if (transport !== undefined && !TRANSPORTS.includes(transport))
    throw new RangeError(`transport must be one of ${TRANSPORTS.join(', ')}: ${transport}`)
}

/** The name in events: the one given, else the one that the server has, cut, else `fallback`. */
export function nameOf(given: string | undefined, own: string | undefined, fallback: string): string {
  const name = given ?? own?.slice(0, MAX_NAME_LENGTH) ?? fallback
  return name === OWN_SERVER ? fallback : name
}

import { isIP } from 'node:net'
import { z } from 'zod'

/** Longest window of a limit and longest lock, a day. Milliseconds. */
const MAX_MS = 86_400_000

const rate = (description: string, calls: number) =>
  z
    .strictObject({
      calls: z
        .number()
        .int()
        .min(1)
        .max(1_000_000)
        .optional()
        .meta({ description: 'Most calls in a window, also at once. Absent: no limit.', examples: [calls] }),
      windowMs: z
        .number()
        .int()
        .min(100)
        .max(MAX_MS)
        .default(60_000)
        .meta({ description: 'The window, in which as many come back evenly.', examples: [60_000] }),
    })
    .prefault({})
    .meta({ description })

const limits = z.strictObject({
  agent: rate('JSON-RPC requests of one agent, known by its key, over all servers.', 300),
  tool: rate('Calls of one tool of one server, whoever calls.', 600),
  server: rate('JSON-RPC requests to one server, whoever asks.', 3000),
  address: rate('HTTP requests of one client address (IPv6: of its /64), whatever they ask.', 600),
})

/** The doors of a server, as far as they are its own. */
const serverDoors = {
  keys: z
    .boolean()
    .optional()
    .meta({
      description: 'Whether each request to /mcp/<server> must carry a key (`X-MCP-Vitals-Key`).',
      examples: [true],
    }),
  maxRequestBytes: z
    .number()
    .int()
    .min(1024)
    .max(268_435_456)
    .optional()
    .meta({
      description: 'Largest request body, in bytes. Absent: `gateway.maxBodyBytes`, where another door reads the body.',
      examples: [1_048_576],
    }),
  checkArguments: z
    .boolean()
    .optional()
    .meta({
      description: 'Whether the arguments of a tool call must fit the schema that the server gave of the tool.',
      examples: [true],
    }),
}

const NETWORK = /^([^/]+)(?:\/(\d{1,3}))?$/

/** An address, or a network as `address/bits`. */
const network = z.string().refine((text) => networkOf(text) !== undefined, {
  message: 'is no address and no network such as 10.0.0.0/8 or fd00::/8',
})

/** The parts of a network; `undefined` where it is none. */
export function networkOf(text: string): { address: string; bits: number; family: 'ipv4' | 'ipv6' } | undefined {
  const [, address = '', width] = NETWORK.exec(text) ?? []
  const version = isIP(address)
  const most = version === 4 ? 32 : 128
  const bits = width === undefined ? most : Number(width)
  return version === 0 || bits > most ? undefined : { address, bits, family: version === 4 ? 'ipv4' : 'ipv6' }
}

/** Who may do what at the gateway. Each door is off where nothing is set; then requests pass as they are. */
export const doorsOptions = z
  .strictObject({
    ...serverDoors,
    keys: serverDoors.keys.meta({
      description: 'Whether each request to `/mcp/<server>` must carry a key (`X-MCP-Vitals-Key`).',
      examples: [true],
      env: 'MCP_VITALS_KEYS',
    }),
    limits: limits.prefault({}).meta({ description: 'How many calls pass. What is not set has no limit.' }),
    lockout: z
      .strictObject({
        failures: z
          .number()
          .int()
          .min(1)
          .max(1000)
          .default(10)
          .meta({ description: 'Wrong keys of one address after which it is locked.', examples: [10] }),
        windowMs: z
          .number()
          .int()
          .min(1000)
          .max(MAX_MS)
          .default(600_000)
          .meta({ description: 'How long a wrong key counts.', examples: [600_000] }),
        lockMs: z
          .number()
          .int()
          .min(1000)
          .max(MAX_MS)
          .default(900_000)
          .meta({ description: 'How long a locked address gets no answer but 429.', examples: [900_000] }),
      })
      .prefault({})
      .meta({ description: 'Against guessing: works where keys are asked for.' }),
    maxTracked: z
      .number()
      .int()
      .min(10)
      .max(1_000_000)
      .default(10_000)
      .meta({
        description:
          'Most agents, tools and addresses that each limit follows at a time. Those beyond share one limit; of wrong keys the oldest are forgotten. Both are counted.',
        examples: [10_000],
      }),
    trustedProxies: z
      .array(network)
      .max(1000)
      .default([])
      .meta({
        description:
          'Addresses or networks of reverse proxies whose `X-Forwarded-For` tells the client’s address. From others it is not read.',
        examples: [['10.0.0.0/8']],
      }),
    servers: z
      .record(z.string(), z.strictObject(serverDoors))
      .default({})
      .meta({ description: 'What differs for a server, by its name.', examples: [{ notes: { keys: true } }] }),
  })
  .prefault({})
  .meta({ description: 'Doors of the gateway: keys, limits, sizes, checks. All are off unless set.' })

export type DoorsOptions = z.infer<typeof doorsOptions>
/** A limit that is set. */
export interface RateOptions {
  readonly calls: number
  readonly windowMs: number
}

/** The doors of one server: its own where set, else those of all. */
export interface ServerDoors {
  readonly keys: boolean
  readonly checkArguments: boolean
  readonly maxRequestBytes: number | undefined
}

/** What holds for one server. */
export function doorsOf(options: DoorsOptions, server: string): ServerDoors {
  const own = Object.hasOwn(options.servers, server) ? options.servers[server] : undefined
  return {
    keys: own?.keys ?? options.keys ?? false,
    checkArguments: own?.checkArguments ?? options.checkArguments ?? false,
    maxRequestBytes: own?.maxRequestBytes ?? options.maxRequestBytes,
  }
}

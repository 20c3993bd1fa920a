import { isIP } from 'node:net'
import { z } from 'zod'

/** Longest window of a limit and longest lock, a day. Milliseconds. */
const MAX_MS = 86_400_000

const MAX_CALLS = 1_000_000
const windowMs = z
  .number()
  .int()
  .min(100)
  .max(MAX_MS)
  .default(60_000)
  .meta({ description: 'The window, in which as many come back evenly.', examples: [60_000] })

const rate = (description: string, calls: number) =>
  z
    .strictObject({
      calls: z
        .number()
        .int()
        .min(1)
        .max(MAX_CALLS)
        .optional()
        .meta({ description: 'Most calls in a window, also at once. Absent: no limit.', examples: [calls] }),
      windowMs,
    })
    .prefault({})
    .meta({ description })

const limits = z.strictObject({
  agent: rate('JSON-RPC requests of one agent, known by its key, over all servers.', 300),
  tool: rate('Calls of one tool of one server, whoever calls.', 600),
  server: rate('JSON-RPC requests to one server, whoever asks.', 3000),
  address: rate('HTTP requests of one client address (IPv6: of its /64), whatever they ask.', 600),
})

/** Most patterns of tools in one list, and the longest, in characters. */
const MAX_PATTERNS = 1000
const MAX_PATTERN = 128

/** What may be set for all servers, and by each for itself. */
const eachServer = {
  keys: z
    .boolean()
    .optional()
    .meta({
      description: 'Whether each request to /mcp/<server> must carry a key (`X-MCP-Vitals-Key`).',
      examples: [true],
    }),
  tools: z
    .array(z.string().min(1).max(MAX_PATTERN))
    .max(MAX_PATTERNS)
    .optional()
    .meta({
      description:
        'Patterns of the tools that may be called; `*` is any text. What is none of them is hidden and refused, whatever a key allows. Absent: all.',
      examples: [['read_*', 'list_*']],
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

/** A limit that a server sets for itself, whole; `false`: none. */
const ownRate = (calls: number) =>
  z
    .union([
      z.strictObject({
        calls: z
          .number()
          .int()
          .min(1)
          .max(MAX_CALLS)
          .meta({ description: 'Most calls in a window, also at once.', examples: [calls] }),
        windowMs,
      }),
      z.literal(false),
    ])
    .optional()
    .meta({ examples: [{ calls, windowMs: 60_000 }] })

/** What differs for one server: `doors` in its entry. */
export const serverDoorsOptions = z
  .strictObject({
    ...eachServer,
    limits: z
      .strictObject({
        agent: ownRate(30),
        tool: ownRate(60),
        server: ownRate(300),
        address: ownRate(60),
      })
      .optional()
      .meta({
        description:
          'Limits that count the requests to this server alone, in the place of those of all; `false`: none.',
        examples: [{ agent: { calls: 30, windowMs: 60_000 }, tool: false }],
      }),
  })
  .optional()
  .meta({
    description:
      'Doors of this server alone. What stands here takes the place of the same option of `doors`; what is left out holds as `doors` says.',
    examples: [{ tools: ['read_*'], limits: { agent: { calls: 30 } } }],
  })

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
    ...eachServer,
    keys: eachServer.keys.meta({
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
  })
  .prefault({})
  .meta({ description: 'Doors of the gateway: keys, limits, sizes, checks. All are off unless set.' })

export type DoorsOptions = z.infer<typeof doorsOptions>
export type ServerDoorsOptions = z.infer<typeof serverDoorsOptions>

/** Names of the limits, as the configuration and metrics have them. */
export type LimitName = keyof DoorsOptions['limits']

/** A limit that is set. */
export interface RateOptions {
  readonly calls: number
  readonly windowMs: number
}

/** Doors as they are configured: those of all, and what differs by server. */
export interface DoorsSetting {
  readonly options: DoorsOptions
  readonly servers: Readonly<Record<string, ServerDoorsOptions>>
}

/** A limit that holds for a server, and whether it counts that server's requests by themselves. */
export interface HeldLimit extends RateOptions {
  readonly isOwn: boolean
}

/** The doors of one server. */
export interface ServerDoors {
  readonly keys: boolean
  readonly checkArguments: boolean
  readonly maxRequestBytes: number | undefined
  /** Patterns; undefined where every tool may be called. */
  readonly tools: readonly string[] | undefined
  readonly limits: Readonly<Record<LimitName, HeldLimit | undefined>>
}

/** What holds for one server: each option as the server sets it, else as it is set for all. */
export function doorsOf({ options, servers }: DoorsSetting, server: string): ServerDoors {
  const own = Object.hasOwn(servers, server) ? servers[server] : undefined
  const limitOf = (name: LimitName): HeldLimit | undefined => {
    const set = own?.limits?.[name]
    if (set !== undefined) return set === false ? undefined : { ...set, isOwn: true }
    const { calls, windowMs } = options.limits[name]
    return calls === undefined ? undefined : { calls, windowMs, isOwn: false }
  }
  return {
    keys: own?.keys ?? options.keys ?? false,
    checkArguments: own?.checkArguments ?? options.checkArguments ?? false,
    maxRequestBytes: own?.maxRequestBytes ?? options.maxRequestBytes,
    tools: own?.tools ?? options.tools,
    limits: { agent: limitOf('agent'), tool: limitOf('tool'), server: limitOf('server'), address: limitOf('address') },
  }
}

/** Why a check failed, out of a bounded list: never what the other side wrote. */
export const REASONS = [
  'timeout',
  'connection_refused',
  'connection_closed',
  'name_not_resolved',
  'unreachable',
  'tls',
  'invalid_answer',
  'status',
  'not_ready',
  'exit',
  'not_found',
  'not_executable',
  'unexpected_body',
  'unexpected_record',
  'certificate_ends',
  'tools_missing',
  'tool_call',
  'disk_full',
  'memory_full',
  'inactive',
  'heartbeat_late',
  'heartbeat_failed',
  'cut_off',
  'failed',
] as const
export type Reason = (typeof REASONS)[number]

/** A tool as a server lists it. `definition`: a hash of its description and schemas. */
export interface ToolSeen {
  readonly name: string
  readonly definition: string
}

/** What a look that succeeded showed beside that. */
export interface Seen {
  /** It is well now, but will not be for long: why. */
  readonly weak?: Reason
  /** With `weak`: a number that says more, such as the days that are left. */
  readonly code?: string
  /** The tools of an MCP server, where they were asked for. */
  readonly tools?: readonly ToolSeen[]
  /** How long the answer took, where the run was more than that: several questions were asked, or a server was started for it. */
  readonly answerMs?: number
}

export interface CheckResult {
  readonly ok: boolean
  /** From the start of the run to its end; of an MCP server that of the slowest question, its start and the opening of the session left out. Milliseconds. */
  readonly latencyMs: number
  /** Present where it failed, and where it is weak. */
  readonly reason?: Reason
  /**
   * The exact code where there is one: of the system (`ECONNREFUSED`), an HTTP status, an exit status, an SQLSTATE; or the
   * tools that are meant.
   */
  readonly code?: string
  readonly tools?: readonly ToolSeen[]
}

/** One way to see whether something outside is well. */
export interface Check {
  /**
   * Looks once. Never rejects. Once `signal` is aborted it settles soon, and when it has settled it holds no socket,
   * timer or process.
   */
  run(signal: AbortSignal): Promise<CheckResult>
}

/** What a check type brings: resolves when all is well, throws otherwise (a `CheckFailure` where it knows why). */
export type Probe = ((signal: AbortSignal) => Promise<Seen>) | ((signal: AbortSignal) => Promise<void>)

/** A failure with its reason, and the tools that were seen before it. It carries no text of the other side. */
export class CheckFailure extends Error {
  constructor(
    readonly reason: Reason,
    readonly code?: string,
    readonly tools?: readonly ToolSeen[],
  ) {
    super(code === undefined ? reason : `${reason} (${code})`)
  }
}

/** Times a probe and turns what it throws into a reason. `clock`: monotonic milliseconds. */
export function checkOf(probe: Probe, clock: () => number): Check {
  return {
    async run(signal) {
      const begun = clock()
      const found = await seenBy(probe, signal)
      const answerMs = found instanceof CheckFailure ? undefined : found.answerMs
      const latencyMs = Math.round((answerMs ?? clock() - begun) * 1000) / 1000
      const { code, tools } = found
      const about = { latencyMs, ...(code !== undefined && { code }), ...(tools && { tools }) }
      if (found instanceof CheckFailure) return { ok: false, ...about, reason: found.reason }
      return { ok: true, ...about, ...(found.weak && { reason: found.weak }) }
    },
  }
}

async function seenBy(probe: Probe, signal: AbortSignal): Promise<Seen | CheckFailure> {
  try {
    return (await probe(signal)) ?? {}
  } catch (error) {
    return signal.aborted ? new CheckFailure('timeout') : failureOf(error)
  }
}

/** How far down the causes of an error are followed. */
const MAX_CAUSES = 5

/** The nearest failure or system code in an error and its causes. */
export function failureOf(error: unknown): CheckFailure {
  let found: CheckFailure | undefined
  for (let cause = error, depth = 0; cause instanceof Error && depth < MAX_CAUSES; cause = cause.cause, depth++) {
    if (cause instanceof CheckFailure) return cause
    found ??= fromCode((cause as NodeJS.ErrnoException).code)
  }
  return found ?? new CheckFailure('failed')
}

const SYSTEM_CODES: Readonly<Record<string, Reason>> = {
  ECONNREFUSED: 'connection_refused',
  ECONNRESET: 'connection_closed',
  EPIPE: 'connection_closed',
  UND_ERR_SOCKET: 'connection_closed',
  ENOTFOUND: 'name_not_resolved',
  ENODATA: 'name_not_resolved',
  ESERVFAIL: 'name_not_resolved',
  ENOENT: 'not_found',
  EAI_AGAIN: 'name_not_resolved',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  EPROTO: 'tls',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls',
}

/** `code` of an error of Node: one that we know, or one of a family. Anything else is no reason. */
function fromCode(code: unknown): CheckFailure | undefined {
  if (typeof code !== 'string') return undefined
  if (Object.hasOwn(SYSTEM_CODES, code)) return new CheckFailure(SYSTEM_CODES[code] as Reason, code)
  if (/^(CERT|ERR_TLS|ERR_SSL)_[A-Z0-9_]{1,58}$/.test(code)) return new CheckFailure('tls', code)
  return /^HPE_[A-Z_]{1,58}$/.test(code) ? new CheckFailure('invalid_answer', code) : undefined
}

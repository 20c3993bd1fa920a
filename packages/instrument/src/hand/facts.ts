/**
 * Facts that only the application knows, recorded by hand. Each call makes one event, never throws and waits for
 * nothing; what it is given and cannot use is counted as a fault. No argument here is a message or a payload.
 */
import type { ERROR_REASONS } from '../event/index.js'
import { vitals } from '../vitals/index.js'
import { declared } from './call.js'
import { type About, amount, optionalText, quietly, tell, text, word } from './tell.js'

/** A kind of error: its class, an instance of it, or a code. Its message is not recorded. */
export type ErrorKind = string | Error | (abstract new (...args: never[]) => Error)

const SEVERITIES = ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'] as const
export type Severity = (typeof SEVERITIES)[number]

/** What a message may become: it never leaves the process, and no part of it does. */
const REASONS = [
  [/refused/i, 'connection_refused'],
  [/timed out|timeout/i, 'timeout'],
  [/not found/i, 'not_found'],
  [/permission|denied/i, 'permission_denied'],
  [/unauthori/i, 'unauthorized'],
  [/rate limit|too many/i, 'rate_limited'],
  [/unavailable/i, 'unavailable'],
  [/invalid/i, 'invalid'],
] as const satisfies readonly (readonly [RegExp, (typeof ERROR_REASONS)[number]])[]

/** Names the server that is recorded of, where nothing else names it. At most 128 characters. */
export function configure({ server }: { readonly server: string }): void {
  quietly(() => {
    vitals().server = text(server, 128)
  })
}

/**
 * Counts an error by its class or code, with the tool that met it. `message` (a text or an error) becomes one word out of
 * a short list, `other` where none fits; no part of it is kept.
 */
export function recordError(type: ErrorKind, tool?: string, message?: string | Error, about: About = {}): void {
  quietly(() => {
    const name = tool === undefined ? undefined : declared(tool, about)
    const said = message instanceof Error ? message.message : message
    tell('error', about, { errorType: word(type), name, reason: reasonOf(said) })
  })
}

function reasonOf(message: string | undefined): string {
  return REASONS.find(([pattern]) => message !== undefined && pattern.test(message))?.[1] ?? 'other'
}

/** Counts tokens that a language model read and wrote. `estimated`: nobody counted them. Default false. */
export function recordLlmTokens(
  provider: string,
  model: string,
  inputTokens = 0,
  outputTokens = 0,
  about: About & { readonly estimated?: boolean } = {},
): void {
  quietly(() =>
    tell('usage', about, {
      provider: text(provider),
      model: text(model, 128),
      inputTokens: Math.trunc(amount(inputTokens)),
      outputTokens: Math.trunc(amount(outputTokens)),
      estimated: about.estimated === true,
    }),
  )
}

/** Counts money, in US dollars. */
export function recordSpend(
  provider: string,
  costUsd: number,
  about: About & { readonly model?: string; readonly estimated?: boolean } = {},
): void {
  quietly(() =>
    tell('usage', about, {
      provider: text(provider),
      model: optionalText(about.model),
      costUsd: amount(costUsd),
      estimated: about.estimated === true,
    }),
  )
}

/** An agent's message was given to a provider over `channel` (sms, whatsapp, voice …), which took it (`ok`) or not. */
export function messageSent(channel: string, ok = true, about: About = {}): void {
  quietly(() => tell('message', about, { channel: text(channel), ok: ok === true }))
}

/** A webhook of this type came in. */
export function webhookReceived(type: string, about: About = {}): void {
  quietly(() => tell('webhook', about, { kind: text(type) }))
}

/** An agent is there, until it is deprovisioned. */
export function agentProvisioned(agent: string, about: About = {}): void {
  quietly(() => tell('agent', { ...about, agent }, { action: 'provisioned' }))
}

/** An agent is gone. */
export function agentDeprovisioned(agent: string, about: About = {}): void {
  quietly(() => tell('agent', { ...about, agent }, { action: 'deprovisioned' }))
}

/** An agent was used for something of this category. */
export function agentUsage(category: string, about: About = {}): void {
  quietly(() => tell('agent', about, { action: 'used', category: text(category) }))
}

/** A voice session began. Without an id it stands for one of its kind. */
export function voiceStarted(id?: string, about: About = {}): void {
  quietly(() => tell('voice', about, { action: 'started', id: optionalText(id) }))
}

/** A voice session ended. */
export function voiceEnded(id?: string, about: About = {}): void {
  quietly(() => tell('voice', about, { action: 'ended', id: optionalText(id) }))
}

/** A limit refused a call (`layer` `mcp`, the default) or an HTTP request (`http`). */
export function rateLimitHit(limitType: string, layer: 'http' | 'mcp' = 'mcp', about: About = {}): void {
  quietly(() => tell('limit', about, { limitType: text(limitType), layer: layer === 'http' ? 'http' : 'mcp' }))
}

/** A caller was refused. The reason is a word; default `refused`. */
export function authFailure(reason = 'refused', about: About = {}): void {
  quietly(() => tell('auth', about, { action: 'refused', reason: word(reason) }))
}

/** Input was refused by a schema, of `tool` where it was a tool's. The reason is a word; default `invalid`. */
export function validationFailure(reason = 'invalid', tool?: string, about: About = {}): void {
  quietly(() => {
    const name = tool === undefined ? undefined : declared(tool, about)
    tell('validation', about, { name, reason: word(reason) })
  })
}

/** Something an auditor wants to know of: a word. */
export function securityEvent(kind: string, severity: Severity = 'MEDIUM', about: About = {}): void {
  quietly(() => {
    const said = SEVERITIES.find((known) => known === String(severity).toUpperCase()) ?? 'MEDIUM'
    tell('security', about, { kind: word(kind), severity: said })
  })
}

/** Counts what only the application knows; `business('3d_generations')` moves `mcp_3d_generations_total`. */
export function business(name: string, value = 1, about: About = {}): void {
  quietly(() => tell('business', about, { name: text(name), value: amount(value) }))
}

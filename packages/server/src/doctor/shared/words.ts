import { stripVTControlCharacters } from 'node:util'
import { ERRORS, type VitalsError } from '../../errors/index.js'
import { redact } from '../../redact/index.js'
import type { Finding, Severity } from '../contract.js'

/** Longest text of others that is shown, in characters. */
const SHOWN_LENGTH = 240
/** Shorter values are words that stand everywhere. */
const SECRET_LENGTH = 4

/**
 * A text of others for a person: on one line, without control characters, cut, and without secrets: `secrets` are the
 * values that were handed to who wrote it; what has a known form of a secret is taken out as well.
 */
export function shown(text: string, secrets: readonly string[] = []): string {
  const known = secrets
    .filter((secret) => secret.length >= SECRET_LENGTH)
    .sort((one, other) => other.length - one.length)
    .reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
  const line = redact(plain(known).trim())
  return line.length > SHOWN_LENGTH ? `${line.slice(0, SHOWN_LENGTH)}…` : line
}

/** Without escape sequences of terminals, and with every other control or invisible character as a space. */
function plain(text: string): string {
  return stripVTControlCharacters(text).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
}

/** An address without what may be secret in it: user, password and the values of its query. */
export function shownUrl(address: string): string {
  if (!URL.canParse(address)) return shown(address)
  const url = new URL(address)
  url.username = ''
  url.password = ''
  url.hash = ''
  for (const key of [...url.searchParams.keys()]) url.searchParams.set(key, '***')
  return url.href
}

/** A registered error as a finding: its first line, then the others as evidence. */
export function findingOf(error: VitalsError, severity: Severity, why: string): Finding {
  const [problem = '', ...rest] = error.message.split('\n')
  const { next } = ERRORS[error.code]
  return { severity, problem, evidence: rest.map((line) => line.trim()), why, next, fix: error.example.split('\n') }
}

/** `1 server`, `2 servers`. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`

/** A time for a person: `45 ms`, `1.5 s`, `3 min`, `2.5 h`. */
export function lasting(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  const [unitMs, unit] =
    ms < 120_000
      ? [1000, 's']
      : ms < 7_200_000
        ? [60_000, 'min']
        : ms < 172_800_000
          ? [3_600_000, 'h']
          : [86_400_000, 'days']
  return `${Number((ms / (unitMs as number)).toFixed(1))} ${unit}`
}

/** A size for a person: `512 bytes`, `1.5 MB`. */
export function sized(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  const at = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)))
  return `${Number((bytes / 1000 ** at).toFixed(1))} ${units[at]}`
}

/** A text of others as one word for a shell. */
export function quoted(word: string, secrets: readonly string[] = []): string {
  const safe = shown(word, secrets)
  return /^[\w@%+=:,./-]+$/.test(safe) ? safe : `'${safe.replaceAll("'", `'\\''`)}'`
}

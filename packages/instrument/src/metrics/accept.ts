import type { Format } from './expose.js'

interface Wish {
  readonly type: string
  readonly version: string | undefined
  readonly quality: number
}

/**
 * The format for an `Accept` header (RFC 9110, section 12.5.1): OpenMetrics 1.0 where it is named and wished at least as
 * much as plain text, else Prometheus's text. Wildcards do not ask for OpenMetrics: a browser sends them.
 */
export function formatFor(accept: string | null | undefined): Format {
  const wishes = (accept ?? '').split(',').map(wishOf)
  const open = best(wishes, ({ type, version }) => type === 'application/openmetrics-text' && version !== '0.0.1')
  const plain = best(wishes, ({ type }) => type === 'text/plain' || type === 'text/*' || type === '*/*')
  return open > 0 && open >= plain ? 'openmetrics' : 'prometheus'
}

function wishOf(text: string): Wish {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
  const of = (name: string) =>
    parameters
      .find((parameter) => parameter.startsWith(`${name}=`))
      ?.slice(name.length + 1)
      .replace(/^"|"$/g, '')
  const quality = Number(of('q') ?? 1)
  return { type, version: of('version'), quality: quality >= 0 && quality <= 1 ? quality : 0 }
}

function best(wishes: readonly Wish[], fits: (wish: Wish) => boolean): number {
  return Math.max(0, ...wishes.filter(fits).map(({ quality }) => quality))
}

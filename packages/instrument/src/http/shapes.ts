/** What is used of the requests and answers of each framework: shapes, so that none of them is needed to compile. */

/** Headers as Node gives them. */
export type NodeHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/** `http.IncomingMessage`, and Express's request. */
export interface NodeRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: NodeHeaders
}

/** `http.ServerResponse`, and Express's response. */
export interface NodeResponse {
  statusCode: number
  readonly headersSent: boolean
  setHeader(name: string, value: string): unknown
  getHeader(name: string): unknown
  // The three below have overloads of many kinds, which differ between the versions of their types.
  readonly write: unknown
  readonly end: unknown
  readonly once: unknown
}

/** Fastify's request and reply, and what wraps Node's in the same way. */
export interface RawRequest {
  readonly raw: NodeRequest
}
export interface RawReply {
  readonly raw: NodeResponse
}

/** Hono's context. */
export interface HonoLike {
  readonly req: { readonly raw: Request }
  res: Response
  readonly env: unknown
}

export function isFetchRequest(value: unknown): value is Request {
  const { headers, url } = (value ?? {}) as { headers?: { get?: unknown }; url?: unknown }
  return typeof headers?.get === 'function' && typeof url === 'string'
}

export function isHono(value: unknown): value is HonoLike {
  return isFetchRequest((value as Partial<HonoLike> | undefined)?.req?.raw)
}

/** What may be Node's request or answer, or wraps one as Fastify does. */
export function rawOf<T>(value: T | { readonly raw: T }): T {
  return (value as { readonly raw?: T }).raw ?? (value as T)
}

import type { IncomingMessage } from 'node:http'
import { headerOf } from './http-headers.js'
import { keyIn, parsePath } from './sse-address.js'

/** Paths of the front: the server that is reached without its name as well. */
const FRONT = /^\/(?:mcp|sse|message)(?=[?#]|$)/

/** Whether a request asks for the server at the front. */
export function asksFront(url: string): boolean {
  return FRONT.test(url)
}

/** What a client added behind the address of a server: path suffix and query. At the front, `/mcp` is that address. */
export function suffixOf(url: string): string {
  if (asksFront(url)) return url.replace(/^\/mcp/, '')
  return /^\/mcp\/[^/?#]+([/?].*)?$/.exec(url)?.[1] ?? ''
}

/** The session that a request names: by a header, or over HTTP+SSE by the address that was announced to its client. */
export function sessionOf({ headers, url = '' }: IncomingMessage): string {
  return headerOf(headers, 'mcp-session-id') ?? keyIn(parsePath(suffixOf(url)).query)
}

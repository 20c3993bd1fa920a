/** A request before its body. */
export interface RequestHead {
  readonly method: string
  /** Path and query. */
  readonly path: string
  /** In node:http's raw form; with `Content-Length`, or `Transfer-Encoding`, which ends with `chunked`, where there is a body. */
  readonly rawHeaders: readonly string[]
}

export interface WrittenHead {
  /** Up to the empty line that ends it, one byte a character. */
  readonly text: string
  readonly isChunked: boolean
}

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const NOT_OF_A_VALUE = /[^\t\x20-\x7e\x80-\xff]/
const NOT_OF_A_PATH = /[^\x21-\x7e\x80-\xff]/

/**
 * Writes the head of a request: its headers as they are, and `Connection`. @throws TypeError where a part of it would not
 * be read as it was meant
 */
export function writeHead({ method, path, rawHeaders }: RequestHead): WrittenHead {
  if (!NAME.test(method) || NOT_OF_A_PATH.test(path)) throw new TypeError('the request line has a character too many')
  let text = `${method} ${path} HTTP/1.1\r\n`
  let isChunked = false
  let connection = 'keep-alive'
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!
    const value = rawHeaders[at + 1]!
    if (!NAME.test(name) || NOT_OF_A_VALUE.test(value)) throw new TypeError('a header has a character too many')
    if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') isChunked = true
    else if (name.length === 2 && name.toLowerCase() === 'te') connection = 'keep-alive, TE'
    text += `${name}: ${value}\r\n`
  }
  return { text: `${text}Connection: ${connection}\r\n\r\n`, isChunked }
}

/** What ends a body in chunks: the last of them, and the trailers. */
export function lastChunk(rawTrailers: readonly string[]): string {
  let text = '0\r\n'
  for (let at = 0; at < rawTrailers.length; at += 2) text += `${rawTrailers[at]}: ${rawTrailers[at + 1]}\r\n`
  return `${text}\r\n`
}

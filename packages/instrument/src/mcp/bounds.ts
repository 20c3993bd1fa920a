/** What is kept of single values at most, by whichever reader. */

/** Most elements of an array that are read. */
export const MAX_ITEMS = 1000
/** An `integer` is smaller than this: 15 digits, which a JSON-RPC error code never has. */
export const MAX_INTEGER = 1e15
/** A `token` that is no string, number or null, so no id of anything. */
export const NO_TOKEN = 'none'
/** Longest id, token or state kept as text, UTF-16 units; of a longer one a hash is kept. */
export const MAX_KEY_LENGTH = 128

/** Longest texts that are kept, UTF-16 units: of names, of versions, of the protocol's revisions and words, and of the beginnings that hold a `code`. */
export const TEXT_LENGTHS = { name: 128, version: 64, revision: 32, code: 32, traceparent: 64, jsonrpc: 8 } as const
/** Begins the protocol's own keys of `_meta`. */
export const SPEC = 'io.modelcontextprotocol'

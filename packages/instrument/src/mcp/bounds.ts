/** What is kept of single values at most, by whichever reader. */

/** Most elements of an array that are read. */
export const MAX_ITEMS = 1000
/** An `integer` is smaller than this: 15 digits, which a JSON-RPC error code never has. */
export const MAX_INTEGER = 1e15
/** A `token` that is no string, number or null, so no id of anything. */
export const NO_TOKEN = 'none'
/** Longest id, token or state kept as text, UTF-16 units; of a longer one a hash is kept. */
export const MAX_KEY_LENGTH = 128

/** Longest texts that are kept, UTF-16 units: of names, */
export const MAX_NAME_LENGTH = 128
/** of versions, */
export const MAX_VERSION_LENGTH = 64
/** of the protocol's revisions and words, */
export const MAX_WORD_LENGTH = 32
/** of the beginnings that hold a `code`, */
export const MAX_CODE_LENGTH = 32
/** and of what names a trace. */
export const MAX_TRACEPARENT_LENGTH = 64
/** Begins the protocol's own keys of `_meta`. */
export const SPEC = 'io.modelcontextprotocol'

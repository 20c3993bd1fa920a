export { MAX_NAME_LENGTH } from './bounds.js'
export type { CallReader, CallValue, ExtractionRules, WantedValue } from './call-reading.js'
export { type CommittedValue, commitmentRules, joinRules } from './commitments.js'
export {
  type BodyOptions,
  type Conversation,
  type ConversationStats,
  createConversation,
  type Observation,
} from './conversation.js'
export type { ConversationOptions } from './correlator.js'
export { codeOf, cutText, integerText, keyAmong, keyToken, tokenKey } from './keys.js'
export type { Kind } from './kind.js'
export { CONVERSATION_LIMITS, type ConversationLimits, MEMORY_LIMITS, type MemoryLimits } from './limits.js'
export { SharedMemory } from './memory.js'
export { type Message, readMessages } from './message.js'
export { NAMED_METHODS, STREAMING_METHODS } from './methods.js'
export { MAX_DEPTH } from './nesting.js'
export { ObjectConversation } from './object-conversation.js'
export { ObjectExtraction } from './object-extraction.js'
export type { DefinitionHashes } from './objects.js'
export { type Direction, type EndDetails, Operation } from './operation.js'
export { matcher } from './pattern.js'
export type { LineReader, Reader } from './readers.js'
export { Recent } from './recent.js'
export { createServerMemory, type MemoryStats, ServerMemory } from './server-memory.js'
export type { CloseReason } from './session.js'
export { type Outcome, statusOf } from './status.js'
export type { ByteRange } from './take.js'
export { MCP_METHODS } from './vocabulary.js'

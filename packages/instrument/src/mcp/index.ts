export {
  type AnswerOptions,
  type Conversation,
  type ConversationOptions,
  type ConversationStats,
  createConversation,
} from './conversation.js'
export type { CallValue, ExtractionRules, WantedValue } from './extraction.js'
export { CONVERSATION_LIMITS, type ConversationLimits, MEMORY_LIMITS, type MemoryLimits } from './limits.js'
export { createServerMemory, type MemoryStats, type ServerMemory } from './memory.js'
export { type Kind, type Message, readMessages } from './message.js'
export { STREAMING_METHODS } from './methods.js'
export { MAX_DEPTH } from './nesting.js'
export type { Direction, EndDetails } from './operation.js'
export type { Reader } from './readers.js'
export type { CloseReason } from './session.js'
export { type Outcome, statusOf } from './status.js'
export { type ByteRange, tokenKey } from './take.js'

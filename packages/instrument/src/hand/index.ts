export {
  agentDeprovisioned,
  agentProvisioned,
  agentUsage,
  authFailure,
  business,
  configure,
  type ErrorKind,
  messageSent,
  rateLimitHit,
  recordError,
  recordLlmTokens,
  recordSpend,
  type Severity,
  securityEvent,
  validationFailure,
  voiceEnded,
  voiceStarted,
  webhookReceived,
} from './facts.js'
export { monitored, recordToolCall } from './monitored.js'
export { type About, optionalText, quietly, tell, text, thrownWord, word } from './tell.js'

/** The library's main entry: what a server's author writes one line with. */
export {
  type About,
  agentDeprovisioned,
  agentProvisioned,
  agentUsage,
  authFailure,
  business,
  configure,
  type ErrorKind,
  messageSent,
  monitored,
  rateLimitHit,
  recordError,
  recordLlmTokens,
  recordSpend,
  recordToolCall,
  type Severity,
  securityEvent,
  validationFailure,
  voiceEnded,
  voiceStarted,
  webhookReceived,
} from './hand/index.js'
export {
  type Instrumentable,
  type InstrumentOptions,
  instrument,
  instrumentClient,
  type TransportKind,
  uninstrument,
} from './sdk/index.js'
export { type Around, type Link, type Listener, type Surround, type Vitals, vitals } from './vitals/index.js'

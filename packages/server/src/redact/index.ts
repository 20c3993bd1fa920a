export { createMask } from './mask.js'
export { MAX_LENGTH, redact, redactId, redactName, redactSentence } from './redact.js'

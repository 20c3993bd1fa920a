export { createIdMask, type IdMask } from './ids.js'
export { createMask } from './mask.js'
export { MAX_LENGTH, redact, redactName, redactSentence } from './redact.js'

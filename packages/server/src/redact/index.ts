export { createMask } from './mask.js'
export { MAX_LENGTH, redact, redactId, redactName } from './redact.js'

export { createDerivations, type Derivations } from './derivations.js'
export { DERIVABLE, type DerivableEvent, type Derivation, type DerivedField, fieldsOf, OCCASIONS } from './shape.js'
export { decodeCommitments, decodeDerivations, encodeCommitments, encodeDerivations } from './shared.js'

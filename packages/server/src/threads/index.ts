export { type CallTable, type Failure, failureOf, fromFailure, type MessageOf, type RequestOf } from './protocol.js'
export { startThread, type Thread, type ThreadSetup } from './thread.js'

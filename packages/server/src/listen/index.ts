export { type AdminCheck, createAdminCheck, isLoopback } from './admin.js'
export { type Caller, createGuard, type Guard, type Refusal } from './guard.js'
export { findHolder, findListeners, type Holder, holderOf, type Listener } from './holder.js'
export type { GuardOptions } from './options.js'

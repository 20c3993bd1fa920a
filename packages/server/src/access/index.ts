export {
  type Access,
  type AccessSetup,
  type Credentials,
  createAccess,
  type Shown,
  TOKEN_HOLDER,
  type Visit,
} from './access.js'
export type { AccessOptions } from './options.js'
export { makePasswordHash } from './password.js'
export type { Session } from './sessions.js'

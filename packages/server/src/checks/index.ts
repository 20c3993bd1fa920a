export type { Check, CheckResult, Reason, ToolSeen } from './check.js'
export { withOldTransport, withTransport } from './mcp/client-transports.js'
export type { CheckEntry } from './options.js'
export { type CheckTools, createCheck } from './registry.js'

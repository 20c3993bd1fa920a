export type { PushedLine } from './contract.js'
export { openPush, type Push, type PushStats } from './push.js'

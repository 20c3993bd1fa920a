export { type Refusal, refusalOf } from './guard.js'
export { holderOf } from './holder.js'

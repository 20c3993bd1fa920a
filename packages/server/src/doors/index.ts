export type { ToolDefinition } from './arguments.js'
export {
  type Arrival,
  type AskedMessage,
  createDoors,
  type Door,
  type Doors,
  type DoorsStats,
  type Pass,
  type Purse,
} from './doors.js'
export { createGlobs } from './glob.js'
export { changeKeys, readKeys, watchKeys } from './key-file.js'
export { type KeyRecord, makeKey } from './keys.js'
export { type DoorsSetting, doorsOf } from './options.js'
export { createPatterns } from './patterns.js'
export type { Refusal } from './refusals.js'

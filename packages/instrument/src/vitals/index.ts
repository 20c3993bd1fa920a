export {
  type Around,
  type Delivery,
  EARLY_EVENTS,
  type Link,
  type Listener,
  type Surround,
  type Vitals,
  vitals,
} from './hub.js'
export { type OpenCall, OpenCalls, openCalls } from './open-calls.js'
export { type Readers, readers } from './readers.js'
export { serverName } from './server-name.js'

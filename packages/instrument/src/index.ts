/** The library's main entry: what a server's author writes one line with. Recording by hand is `record.ts`. */
export {
  type Instrumentable,
  type InstrumentOptions,
  instrument,
  instrumentClient,
  type TransportKind,
  uninstrument,
} from './sdk/index.js'
export {
  type Around,
  type Delivery,
  type Link,
  type Listener,
  type Surround,
  type Vitals,
  vitals,
} from './vitals/index.js'

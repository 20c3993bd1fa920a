export { instrument, instrumentClient, uninstrument } from './instrument.js'
export type { InstrumentOptions } from './options.js'
export type { Instrumentable, TransportKind } from './shapes.js'

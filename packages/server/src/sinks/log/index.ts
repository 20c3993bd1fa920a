export type { Level, LineFields } from './lines.js'
export { createLogSink, type Logger, type LogSetup, type LogSink } from './log.js'
export type { LogOptions } from './options.js'
export type { LogStream } from './target.js'

export { type Child, type ChildExit, type ChildOptions, type StartFailure, startChild } from './child.js'
export { minimalEnvironment } from './environment.js'
export {
  type CommandEntry,
  commandEntry,
  mcpJsonEntry,
  type ServerEntry,
  serverEntry,
  type UrlEntry,
  urlEntry,
} from './options.js'

export { type Child, type ChildExit, type ChildOptions, type StartFailure, startChild } from './child.js'
export { minimalEnvironment } from './environment.js'
export { guardGroup } from './guard.js'
// Types alone: the schemas bring zod (12 MB, 50 ms), which a wrap must not load. config/ reads them from options.ts.
export type { CommandEntry, ServerEntry, UrlEntry } from './options.js'
export { endOrphans, recordOwnChild } from './orphans.js'
export { type ChildMark, type ChildRecords, createChildMark, createChildRecords, endLeftBehind } from './records.js'
export { readReusing, type Take } from './reuse.js'

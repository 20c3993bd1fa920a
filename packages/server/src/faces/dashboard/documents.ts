export { changesOf } from './changes.js'
export { sessionOf, sessionsOf } from './sessions.js'
export { serversOf, toolsOf } from './tables.js'
export { toolOf } from './tool.js'

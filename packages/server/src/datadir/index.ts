export { type Daemon, type DataDir, findAnnounced, openDataDir, type Release } from './datadir.js'
export {
  createFile as createPrivately,
  readIfThere as readPrivately,
  refuseRights,
  replaceFile as replacePrivately,
} from './files.js'
export { defaultDataDir, type Surroundings } from './path.js'
export { readShared, type SharedName } from './share.js'

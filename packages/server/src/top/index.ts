export { type Drawn, frameOf, pageOf, rowsOf, type Size, type Trouble, tableOf } from './frame.js'
export {
  type AlertTold,
  type Answers,
  queriesOf,
  type Series,
  type ServerTold,
  type Snapshot,
  snapshotOf,
} from './snapshot.js'
export { firstState, keysIn, pressed, type TopState, type TopWishes } from './state.js'
export { clean } from './text.js'
export { COLUMNS, VIEWS, type View } from './views.js'

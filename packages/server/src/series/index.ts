export { type Lane, RESOLUTIONS, type Resolution, type Tick } from './lane.js'
export { type SeriesOptions, seriesOptions } from './options.js'
export { type LabelPairs, pairsOf, withLabel } from './pairs.js'
export {
  type Changes,
  type DropReason,
  type SavedBlock,
  type SavedSeries,
  type Seen,
  SeriesWindow,
  type WindowLimits,
  type WindowStats,
} from './window.js'

export { type LabelPairs, pairsOf } from './labels.js'
export { type Lane, RESOLUTIONS, type Resolution, type Tick } from './lane.js'
export { type SeriesOptions, seriesOptions } from './options.js'
export {
  type Changes,
  type DropReason,
  type SavedBlock,
  type SavedSeries,
  SeriesWindow,
  type WindowLimits,
  type WindowStats,
} from './window.js'

export { ALERTS_FILE, openPager, type Pager, type PagerChannel, type PagerSetup, type PagerStats } from './pager.js'
export type { Act, HistoryQuery } from './protocol.js'

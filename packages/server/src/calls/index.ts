export { type CallBook, type Client, createCallBook, type Span, spanOf, type ToolTrack } from './book.js'
export type { KeptRow } from './rows.js'
export { addSlot, Durations, newSlot, p95Of, type Slot } from './slot.js'
export { LEVELS, type Level, slotOf, type Track } from './track.js'

import type { Changes } from '../series/index.js'
import type { SampleStore } from '../store/index.js'
import type { Notice } from './protocol.js'

/** Changes that wait for a disk that fails: some hours of them. Beyond it the oldest blocks are lost, and counted. */
const MAX_WAITING = 50

/** Keeps the series on disk. */
export interface Keeper {
  /** Saves changes, in their order. What fails is tried again with the next. */
  keep(changes: Changes): Promise<void>
  /** Hands over all that was kept, in parts. Never rejects. */
  restore(tell: (part: Extract<Notice, { kind: 'restore' }>) => void): Promise<void>
  lostBlocks(): number
}

export function createKeeper(store: SampleStore, onFault: (error: unknown) => void): Keeper {
  const waiting: Changes[] = []
  let isFailing = false
  let lost = 0
  let last: Promise<void> = Promise.resolve()

  async function save(): Promise<void> {
    while (waiting.length > 0) {
      try {
        await store.keep(waiting[0]!)
        waiting.shift()
        isFailing = false
      } catch (error) {
        if (!isFailing) onFault(error)
        isFailing = true
        return
      }
    }
  }

  /** The series that a lost block told of are known by later blocks. */
  function shorten(): void {
    if (waiting.length <= MAX_WAITING) return
    const [first, second] = waiting.splice(0, 2) as [Changes, Changes]
    lost += first.blocks.length
    waiting.unshift({
      series: [...first.series, ...second.series],
      gone: [...first.gone, ...second.gone],
      blocks: second.blocks,
      dropped: [...first.dropped, ...second.dropped],
    })
  }

  return {
    keep(changes) {
      waiting.push(changes)
      shorten()
      last = last.then(save)
      return last
    },
    async restore(tell) {
      await last
      try {
        for (let after = 0; ; ) {
          const series = await store.series(after)
          if (series.length === 0) break
          tell({ kind: 'restore', series, blocks: [] })
          after = series.at(-1)!.ref
        }
        for (let after = 0; ; ) {
          const page = await store.blocks(after)
          if (page.blocks.length === 0) break
          tell({ kind: 'restore', series: [], blocks: page.blocks.map(asSaved) })
          after = page.last
        }
      } catch (error) {
        onFault(error)
      }
    },
    lostBlocks: () => lost,
  }
}

type Stored = Awaited<ReturnType<SampleStore['blocks']>>['blocks'][number]

const asSaved = (block: Stored) => ({ ...block, resolution: block.resolution === 'rolled' ? 'rolled' : 'raw' }) as const

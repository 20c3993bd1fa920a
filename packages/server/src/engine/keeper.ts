import type { SampleChanges, SampleStore } from '../store/index.js'
import type { KeptState, Notice } from './protocol.js'

/** Changes that wait for a disk that fails: some hours of them. Beyond it the oldest blocks are lost, and counted. */
const MAX_WAITING = 50

/** Keeps the series, and what rules know beside them, on disk. */
export interface Keeper {
  /** Saves changes, in their order. What fails is tried again with the next. */
  keep(changes: Partial<SampleChanges>): Promise<void>
  /** Hands over all series that were kept, in parts, and resolves to what rules know beside them. Never rejects. */
  restore(tell: (part: Extract<Notice, { kind: 'restore' }>) => void): Promise<readonly Required<KeptState>[]>
  lostBlocks(): number
}

export function createKeeper(store: SampleStore, onFault: (error: unknown) => void): Keeper {
  const waiting: SampleChanges[] = []
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
    const [first, second] = waiting.splice(0, 2) as [SampleChanges, SampleChanges]
    lost += first.blocks.length
    waiting.unshift({
      series: [...first.series, ...second.series],
      gone: [...first.gone, ...second.gone],
      blocks: second.blocks,
      dropped: [...first.dropped, ...second.dropped],
      rules: newest([...(first.rules ?? []), ...(second.rules ?? [])]),
    })
  }

  return {
    keep(changes) {
      waiting.push({ series: [], gone: [], blocks: [], dropped: [], ...changes })
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
        return await store.rules()
      } catch (error) {
        onFault(error)
        return []
      }
    },
    lostBlocks: () => lost,
  }
}

const newest = (states: readonly KeptState[]): readonly KeptState[] => [
  ...new Map(states.map((state) => [state.key, state])).values(),
]

type Stored = Awaited<ReturnType<SampleStore['blocks']>>['blocks'][number]

const asSaved = (block: Stored) => ({ ...block, resolution: block.resolution === 'rolled' ? 'rolled' : 'raw' }) as const

import { type Answer, useAnswer } from './data.js'
import type { Range } from './range.js'

/** Points of one series: seconds since 1970, and values as texts, as Prometheus answers them. */
export interface Matrix {
  readonly data: {
    readonly resultType: string
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>
      readonly values?: readonly (readonly [number, string])[]
      readonly value?: readonly [number, string]
    }[]
  }
}

/** One line of a chart. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>
  /** One value for each of the times of the chart; null where there is none. */
  readonly values: readonly (number | null)[]
}

/** Lines over the same times. */
export interface Frame {
  /** Seconds since 1970. */
  readonly times: readonly number[]
  readonly series: readonly Series[]
}

/** A matcher, its value quoted: names hold what they like. */
export const matcher = (label: string, value: string): string => `${label}=${JSON.stringify(value)}`

/** `{a="b",…}` of the values that there are; nothing of none. */
export function selector(labels: Readonly<Record<string, string | undefined>>): string {
  const parts = Object.entries(labels).flatMap(([label, value]) => (value ? [matcher(label, value)] : []))
  return parts.length === 0 ? '' : `{${parts.join(',')}}`
}

export const RANGE_PATH = '/admin/api/v1/query_range'
export const INSTANT_PATH = '/admin/api/v1/query'

/** `labels`: which labels metrics have where the configuration shows them with fewer. Rules are of those that it shows. */
export function rangePath(query: string, { from, to, step }: Range, labels: 'full' | 'view' = 'full'): string {
  const params = new URLSearchParams({ query, start: String(from / 1000), end: String(to / 1000), step: String(step) })
  if (labels === 'view') params.set('labels', labels)
  return `${RANGE_PATH}?${params}`
}

/** Lays the answer on the range's own grid, so that gaps stay gaps. */
export function frameOf(matrix: Matrix, { from, to, step }: Range): Frame {
  const length = Math.floor((to - from) / 1000 / step) + 1
  const times = Array.from({ length }, (_, index) => from / 1000 + index * step)
  const series = matrix.data.result.map(({ metric, values = [] }) => {
    const line: (number | null)[] = new Array<null>(length).fill(null)
    for (const [at, text] of values) {
      const index = Math.round((at - from / 1000) / step)
      const value = Number(text)
      if (index >= 0 && index < length && Number.isFinite(value)) line[index] = value
    }
    return { labels: metric, values: line }
  })
  return { times, series }
}

/** The series of an expression over a range. Undefined: asks nothing. */
export function useFrame(query: string | undefined, range: Range, labels: 'full' | 'view' = 'full'): Answer<Frame> {
  const { value, ...rest } = useAnswer<Matrix>(query === undefined ? undefined : rangePath(query, range, labels))
  const frame = useFrameOf(value, range)
  return { ...rest, value: frame }
}

const made = new WeakMap<Matrix, Frame>()

/** An answer is laid out once, on the range that it was asked with: a newer one is on its way where it differs. */
function useFrameOf(matrix: Matrix | undefined, range: Range): Frame | undefined {
  if (matrix === undefined) return undefined
  let frame = made.get(matrix)
  if (frame === undefined) {
    frame = frameOf(matrix, range)
    made.set(matrix, frame)
  }
  return frame
}

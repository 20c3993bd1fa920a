import { useEffect, useRef, useState } from 'preact/hooks'
import { count, milliseconds, moment } from '../lib/format.js'
import { colour, onColours } from '../lib/theme.js'

export interface HeatmapProps {
  readonly title: string
  readonly points: readonly { readonly at: number; readonly histogram: readonly number[] }[]
  /** Upper bounds of the rows, in milliseconds; one more row holds what took longer. */
  readonly bounds: readonly number[]
}

const ROW = 12

/** How many calls took how long, over time: the more, the stronger the cell. */
export function Heatmap({ title, points, bounds }: HeatmapProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [under, setUnder] = useState<string>()
  const used = usedRows(points)
  const rows = used ? used.last - used.first + 1 : 0
  const most = Math.max(1, ...points.flatMap(({ histogram }) => histogram))

  useEffect(() => {
    const place = canvas.current
    if (!place || !used) return
    const draw = () => {
      const width = Math.max(place.clientWidth, 1)
      place.width = width * devicePixelRatio
      place.height = rows * ROW * devicePixelRatio
      const context = place.getContext('2d')
      if (!context) return
      context.scale(devicePixelRatio, devicePixelRatio)
      context.fillStyle = colour('line-1')
      const column = width / points.length
      for (const [x, { histogram }] of points.entries())
        for (let row = 0; row < rows; row++) {
          const calls = histogram[used.first + row] ?? 0
          if (calls === 0) continue
          // By the root, so that a few calls beside many can still be seen.
          context.globalAlpha = 0.15 + 0.85 * Math.sqrt(calls / most)
          context.fillRect(x * column, (rows - 1 - row) * ROW, Math.max(column - 1, 1), ROW - 1)
        }
    }
    draw()
    const watcher = new ResizeObserver(draw)
    watcher.observe(place)
    const end = onColours(draw)
    return () => {
      watcher.disconnect()
      end()
    }
  }, [points, rows])

  if (!used) return <p class="nothing">No call ended in this range.</p>
  const nameOf = (row: number) =>
    row < bounds.length ? `≤ ${milliseconds(bounds[row])}` : `> ${milliseconds(bounds.at(-1))}`
  const look = (event: PointerEvent) => {
    const box = canvas.current?.getBoundingClientRect()
    if (!box) return
    const point = points[Math.floor(((event.clientX - box.left) / box.width) * points.length)]
    const row = used.first + rows - 1 - Math.floor((event.clientY - box.top) / ROW)
    if (point) setUnder(`${moment(point.at)}: ${count(point.histogram[row] ?? 0)} calls, ${nameOf(row)}`)
  }
  return (
    <figure class="heatmap" aria-label={title}>
      <figcaption>
        <h2>{title}</h2>
        <span class="when">{under ?? ''}</span>
      </figcaption>
      <div class="cells">
        <ol aria-hidden="true">
          {Array.from({ length: rows }, (_, index) => (
            <li key={index}>{nameOf(used.last - index)}</li>
          ))}
        </ol>
        <canvas
          ref={canvas}
          role="img"
          aria-label={`${title}: calls by time and duration; the same as numbers stands in the histogram below`}
          style={{ height: `${rows * ROW}px` }}
          onPointerMove={look}
          onPointerLeave={() => setUnder(undefined)}
        />
      </div>
    </figure>
  )
}

/** The rows that anything falls into, lowest and highest. */
function usedRows(points: HeatmapProps['points']): { first: number; last: number } | undefined {
  let [first, last] = [Number.POSITIVE_INFINITY, -1]
  for (const { histogram } of points)
    for (const [row, calls] of histogram.entries())
      if (calls > 0) {
        first = Math.min(first, row)
        last = Math.max(last, row)
      }
  return last < 0 ? undefined : { first, last }
}

/** The whole range as bars, with the numbers in words. */
export function Histogram({ counts, bounds }: { counts: readonly number[]; bounds: readonly number[] }) {
  const all = counts.reduce((sum, calls) => sum + calls, 0)
  const most = Math.max(1, ...counts)
  const first = counts.findIndex((calls) => calls > 0)
  const last = counts.findLastIndex((calls) => calls > 0)
  if (all === 0) return null
  return (
    <table class="plain bars" aria-label="Calls by duration">
      <thead>
        <tr>
          <th scope="col">Took</th>
          <th scope="col" class="number">
            Calls
          </th>
          <th scope="col">Share</th>
        </tr>
      </thead>
      <tbody>
        {counts.slice(first, last + 1).map((calls, index) => {
          const bound = bounds[first + index]
          return (
            <tr key={bound ?? 'more'}>
              <th scope="row">
                {bound === undefined ? `more than ${milliseconds(bounds.at(-1))}` : `up to ${milliseconds(bound)}`}
              </th>
              <td class="number">{count(calls)}</td>
              <td>
                <i class="bar" style={{ width: `${(calls / most) * 100}%` }} />
              </td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}

import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { go, here } from '../lib/address.js'
import { csv, save } from '../lib/csv.js'
import type { Answer } from '../lib/data.js'
import { moment, UNKNOWN, utc } from '../lib/format.js'
import { document$ } from '../lib/live.js'
import type { Frame } from '../lib/promql.js'
import { useStore } from '../lib/store.js'
import { shown } from '../lib/text.js'
import { onColours } from '../lib/theme.js'
import { type Mark, marksIn, useMarks } from './marks.js'
import { createPlot, lineColour, type PlotSetup, pictureOf } from './plot.js'
import { Failure } from './states.js'

export interface ChartProps {
  readonly title: string
  readonly answer: Answer<Frame>
  readonly format: (value: number | null | undefined) => string
  /** Name of each line, of its labels; also tells lines apart. */
  readonly name: (labels: Readonly<Record<string, string>>) => string
  /** Colour of a line by its name; default: one after the other. */
  readonly colourOf?: (name: string, index: number) => string
  readonly area?: boolean
  /** Top of the scale at least: a chart of nothing but zeros is flat. */
  readonly least?: number
  readonly height?: number
  /** What to say where there are no lines. */
  readonly empty?: string
}

/** A daemon that is younger has too few samples for a rate. */
const FIRST_POINTS_S = 90
const FIRST_POINTS = 'Samples are taken every 15 s: the first points come in about a minute.'
/** More lines than this are unreadable: the highest are shown, and that others are left out is said. */
const MOST_LINES = 24

/** Lines over time, with what changed marked, a legend that follows the pointer, and the data to take away. */
export function Chart(props: ChartProps) {
  const { title, answer, format, name, colourOf = (_, index) => lineColour(index), area = false, least = 0 } = props
  const { height = 180, empty = 'Nothing in this range.' } = props
  const isNew = (useStore(document$)?.product.uptimeSeconds ?? Number.POSITIVE_INFINITY) < FIRST_POINTS_S
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set())
  const [point, setPoint] = useState<number | null>(null)
  const host = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | undefined>(undefined)
  const marks = useMarks()
  const marksNow = useRef(marks)
  marksNow.current = marks
  const { frame, left } = useMemo(() => highest(answer.value), [answer.value])
  const names = frame?.series.map(({ labels }) => shown(name(labels), 60)) ?? []
  const drawn = names.join('\n')
  const lines = names.map((label, index) => ({
    label,
    colour: colourOf(label, index),
    hidden: hidden.has(label),
  }))
  const data = useMemo<uPlot.AlignedData | undefined>(
    () => frame && ([frame.times, ...frame.series.map(({ values }) => values)] as unknown as uPlot.AlignedData),
    [frame],
  )
  const isEmpty = frame !== undefined && frame.series.length === 0

  // Newer values go into the chart that there is, below.
  useEffect(() => {
    const place = host.current
    if (!place || !data || isEmpty) return
    const setup: PlotSetup = {
      lines,
      format,
      area,
      least,
      marks: () => marksNow.current,
      onPoint: setPoint,
      onSelect: (from, to) => go(here({ range: undefined, from: utc(from * 1000), to: utc(to * 1000) })),
    }
    const size = () => ({ width: Math.max(place.clientWidth, 100), height })
    const make = () => {
      plot.current?.destroy()
      plot.current = createPlot(place, data, size(), setup)
    }
    make()
    const watcher = new ResizeObserver(() => plot.current?.setSize(size()))
    watcher.observe(place)
    const end = onColours(make)
    return () => {
      watcher.disconnect()
      end()
      plot.current?.destroy()
      plot.current = undefined
    }
  }, [drawn, height, isEmpty, data === undefined])

  useEffect(() => {
    if (data) plot.current?.setData(data)
  }, [data])
  // The marks are drawn again, from what is newest.
  useEffect(() => plot.current?.redraw(false), [marks])

  const toggle = (label: string, index: number) => {
    const next = new Set(hidden)
    if (!next.delete(label)) next.add(label)
    setHidden(next)
    plot.current?.setSeries(index + 1, { show: !next.has(label) })
  }
  const at = point === null ? undefined : frame?.times[point]
  const near = at === undefined ? [] : marksIn(marks, at, frame)
  const file = `${title} ${utc(Date.now()).slice(0, 19)}`
  return (
    <figure class="chart" aria-label={title}>
      <figcaption>
        <h2>{title}</h2>
        <span class="when" aria-hidden="true">
          {at === undefined ? '' : moment(at * 1000)}
        </span>
        {frame && !isEmpty && (
          <span class="take">
            <button
              type="button"
              onClick={() => save(`${file}.csv`, csvOf(frame, names))}
              aria-label={`${title} as CSV`}
            >
              CSV
            </button>
            <button
              type="button"
              aria-label={`${title} as PNG`}
              onClick={async () => {
                const picture = plot.current && (await pictureOf(plot.current, title, lines))
                if (picture) save(`${file}.png`, picture)
              }}
            >
              PNG
            </button>
          </span>
        )}
      </figcaption>
      <div
        class="plot"
        style={{ minHeight: `${height}px` }}
        role="img"
        aria-label={summaryOf(title, frame, names, format)}
      >
        <div ref={host} />
        {isEmpty && <p class="nothing">{isNew ? FIRST_POINTS : empty}</p>}
        {!frame && answer.loading && <p class="nothing">Loading …</p>}
      </div>
      {answer.problem && <Failure problem={answer.problem} />}
      <Legend {...{ lines, toggle, near }} values={lines.map((_, index) => valueAt(frame, index, point, format))} />
      {left > 0 && <p class="note">{`${left} more lines, all lower, are left out: filter, or ask for fewer.`}</p>}
    </figure>
  )
}

function Legend({
  lines,
  values,
  toggle,
  near,
}: {
  lines: PlotSetup['lines']
  values: readonly string[]
  toggle: (label: string, index: number) => void
  near: readonly Mark[]
}) {
  return (
    <ul class="legend">
      {lines.map(({ label, colour, hidden }, index) => (
        <li key={label}>
          <button type="button" aria-pressed={!hidden} onClick={() => toggle(label, index)}>
            <i class={colour} />
            <bdi>{label}</bdi>
            <b>{values[index]}</b>
          </button>
        </li>
      ))}
      {near.map(({ title, tone }) => (
        <li key={title} class={`mark ${tone}`}>
          ▼ <bdi>{shown(title)}</bdi>
        </li>
      ))}
    </ul>
  )
}

function highest(frame: Frame | undefined): { frame: Frame | undefined; left: number } {
  if (!frame || frame.series.length <= MOST_LINES) return { frame, left: 0 }
  const top = (values: readonly (number | null)[]) =>
    values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0)
  const sorted = [...frame.series].sort((a, b) => top(b.values) - top(a.values))
  return { frame: { ...frame, series: sorted.slice(0, MOST_LINES) }, left: sorted.length - MOST_LINES }
}

/** The value under the pointer, else the newest that there is. */
function valueAt(frame: Frame | undefined, index: number, point: number | null, format: ChartProps['format']): string {
  const values = frame?.series[index]?.values
  if (!values) return UNKNOWN
  return format(point === null ? values.findLast((value) => value !== null) : values[point])
}

function summaryOf(title: string, frame: Frame | undefined, names: readonly string[], format: ChartProps['format']) {
  if (!frame || names.length === 0) return `${title}: no data`
  const parts = names.slice(0, 6).map((label, index) => `${label} ${valueAt(frame, index, null, format)}`)
  return `${title}, newest: ${parts.join(', ')}`
}

const csvOf = (frame: Frame, names: readonly string[]): string =>
  csv([
    ['time', ...names],
    ...frame.times.map((at, index) => [utc(at * 1000), ...frame.series.map(({ values }) => values[index])]),
  ])

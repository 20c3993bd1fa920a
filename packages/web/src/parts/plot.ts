import uPlot from 'uplot'
import { colour } from '../lib/theme.js'

/** What a chart is drawn from; drawn anew when one of these is another. */
export interface PlotSetup {
  readonly lines: readonly { readonly label: string; readonly colour: string; readonly hidden: boolean }[]
  /** Words for a value, on the axis and beside the pointer. */
  readonly format: (value: number | null | undefined) => string
  /** Fills below the line, where there is one alone. */
  readonly area: boolean
  /** Top of the scale at least. */
  readonly least: number
  /** Moments marked over the whole height, in seconds since 1970. */
  readonly marks: () => readonly { readonly at: number; readonly tone: string }[]
  /** The pointer is over these points; null: it left. */
  readonly onPoint: (index: number | null) => void
  /** A time was marked out with the pointer, in seconds. */
  readonly onSelect: (from: number, to: number) => void
}

/** Colours of lines: custom properties `--line-1` and on. */
export const LINE_COLOURS = 8
export const lineColour = (index: number): string => `line-${(index % LINE_COLOURS) + 1}`

const FONT = '11px system-ui, sans-serif'
/** Charts whose pointers go together. */
const TOGETHER = uPlot.sync('charts')

export function createPlot(host: HTMLElement, data: uPlot.AlignedData, size: Size, setup: PlotSetup): uPlot {
  const ink = colour('ink-soft')
  const grid = { stroke: colour('grid'), width: 1 }
  const axis: uPlot.Axis = { stroke: ink, font: FONT, grid, ticks: { show: false } }
  return new uPlot(
    {
      ...size,
      legend: { show: false },
      padding: [8, 8, 0, 0],
      cursor: {
        sync: { key: TOGETHER.key, setSeries: false },
        points: { size: 6 },
        drag: { x: true, y: false, setScale: false },
      },
      scales: {
        x: { time: true },
        y: { range: (_, __, most) => [0, Math.max(setup.least, most ?? 0) * 1.08 || 1] },
      },
      axes: [
        { ...axis, space: 64, size: 38, values: X_VALUES },
        { ...axis, space: 28, size: 58, gap: 4, values: (_, values) => values.map((value) => setup.format(value)) },
      ],
      series: [
        {},
        ...setup.lines.map(({ label, colour: name, hidden }) => ({
          label,
          show: !hidden,
          stroke: colour(name),
          width: 1.5,
          spanGaps: false,
          points: { show: false },
          ...(setup.area && setup.lines.length === 1 && { fill: colour(name, 0.15) }),
        })),
      ],
      hooks: {
        setCursor: [(plot) => setup.onPoint(plot.cursor.idx ?? null)],
        setSelect: [
          (plot) => {
            const { left, width } = plot.select
            if (width < 8) return
            setup.onSelect(plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x'))
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
          },
        ],
        draw: [(plot) => drawMarks(plot, setup.marks())],
      },
    },
    data,
    host,
  )
}

export interface Size {
  readonly width: number
  readonly height: number
}

/** 24 hours a day, as clocks of people on call have it. */
const X_VALUES: uPlot.Axis.Values = [
  [86_400, '{MMM} {D}', null, null, null, null, null, null, 1],
  [60, '{HH}:{mm}', '\n{MMM} {D}', null, '\n{MMM} {D}', null, null, null, 1],
  [1, '{HH}:{mm}:{ss}', '\n{MMM} {D}', null, '\n{MMM} {D}', null, null, null, 1],
]

function drawMarks(plot: uPlot, marks: ReturnType<PlotSetup['marks']>): void {
  const { ctx, bbox } = plot
  const { min = 0, max = 0 } = plot.scales.x ?? {}
  ctx.save()
  ctx.setLineDash([4, 3])
  ctx.lineWidth = devicePixelRatio
  for (const { at, tone } of marks) {
    if (at < min || at > max) continue
    const x = Math.round(plot.valToPos(at, 'x', true))
    ctx.strokeStyle = colour(tone)
    ctx.fillStyle = ctx.strokeStyle
    ctx.beginPath()
    ctx.moveTo(x, bbox.top)
    ctx.lineTo(x, bbox.top + bbox.height)
    ctx.stroke()
    const half = 4 * devicePixelRatio
    ctx.beginPath()
    ctx.moveTo(x - half, bbox.top)
    ctx.lineTo(x + half, bbox.top)
    ctx.lineTo(x, bbox.top + half * 1.5)
    ctx.fill()
  }
  ctx.restore()
}

/** The chart as a picture, with its title and its lines named: a canvas alone says neither. */
export function pictureOf(plot: uPlot, title: string, lines: PlotSetup['lines']): Promise<Blob | null> {
  const source = plot.ctx.canvas
  const scale = devicePixelRatio
  const [head, foot] = [28 * scale, 24 * scale]
  const canvas = document.createElement('canvas')
  canvas.width = source.width
  canvas.height = source.height + head + foot
  const context = canvas.getContext('2d')
  if (!context) return Promise.resolve(null)
  context.fillStyle = colour('panel')
  context.fillRect(0, 0, canvas.width, canvas.height)
  context.drawImage(source, 0, head)
  context.fillStyle = colour('ink')
  context.font = `600 ${13 * scale}px system-ui, sans-serif`
  context.fillText(title, 10 * scale, 19 * scale)
  context.font = `${11 * scale}px system-ui, sans-serif`
  let x = 10 * scale
  for (const { label, colour: name } of lines.filter(({ hidden }) => !hidden)) {
    context.fillStyle = colour(name)
    context.fillRect(x, canvas.height - 15 * scale, 10 * scale, 3 * scale)
    context.fillStyle = colour('ink')
    context.fillText(label, x + 14 * scale, canvas.height - 10 * scale)
    x += context.measureText(label).width + 30 * scale
  }
  return new Promise((resolve) => canvas.toBlob(resolve))
}

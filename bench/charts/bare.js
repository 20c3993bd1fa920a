import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import '../../packages/web/src/style.css'
import { CHARTS, frameAt, measured } from './frames.js'

const dataOf = ({ times, series }) => [times, ...series.map(({ values }) => values)]

const grid = document.createElement('div')
grid.className = 'charts'
document.getElementById('page').append(grid)
const plots = Array.from({ length: CHARTS }, (_, chart) => {
  const place = document.createElement('figure')
  place.className = 'chart'
  grid.append(place)
  const series = ['#1766b5', '#b45309', '#a2277a'].map((stroke) => ({ stroke, width: 1.5, points: { show: false } }))
  const size = { width: place.clientWidth - 30, height: 180 }
  return new uPlot({ ...size, legend: { show: false }, series: [{}, ...series] }, dataOf(frameAt(chart, 0)), place)
})
globalThis.bench = measured((chart, frame) => plots[chart].setData(dataOf(frame)))

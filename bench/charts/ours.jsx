import { render } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import '../../packages/web/src/style.css'
import { milliseconds } from '../../packages/web/src/lib/format.js'
import { Chart } from '../../packages/web/src/parts/chart.js'
import { CHARTS, frameAt, measured } from './frames.js'

const setters = []

function Live({ chart }) {
  const [frame, setFrame] = useState(() => frameAt(chart, 0))
  useEffect(() => {
    setters[chart] = setFrame
  }, [chart])
  const answer = { value: frame, problem: undefined, loading: false }
  return <Chart title={`Chart ${chart}`} answer={answer} format={milliseconds} name={({ name }) => name} />
}

render(
  <div class="charts">
    {Array.from({ length: CHARTS }, (_, chart) => (
      <Live key={chart} chart={chart} />
    ))}
  </div>,
  document.getElementById('page'),
)
globalThis.bench = measured((chart, frame) => setters[chart](frame))

import { useEffect, useRef, useState } from 'preact/hooks'
import { go, here, useAddress } from '../lib/address.js'
import { refreshNow, useAnswer, useRange } from '../lib/data.js'
import { number } from '../lib/format.js'
import { type Frame, frameOf, INSTANT_PATH, type Matrix, rangePath } from '../lib/promql.js'
import { Chart } from '../parts/chart.js'
import type { Editor } from '../parts/editor.js'
import { Name } from '../parts/name.js'
import { Failure } from '../parts/states.js'
import { type Column, Table } from '../parts/table.js'
import { useMetric } from '../parts/traffic.js'

/** A box for PromQL, its answer as a chart and as a table. What is asked stands in the address. */
export function QueryView() {
  const asked = useAddress().params.get('query') ?? ''
  const metric = useMetric()
  const run = (query: string) => {
    if (query === asked) refreshNow()
    else go(here({ query: query || undefined }))
  }
  return (
    <>
      <QueryBox key={asked} query={asked} onRun={run} />
      {asked === '' ? (
        <div class="empty">
          <p>
            <strong>Ask in PromQL.</strong> For example:
          </p>
          <ul>
            {EXAMPLES.map(([what, example]) => {
              const text = metric ? example(metric) : ''
              return (
                <li key={what}>
                  <a href={here({ query: text })}>{what}</a> <code>{text}</code>
                </li>
              )
            })}
          </ul>
        </div>
      ) : (
        <Result query={asked} />
      )}
    </>
  )
}

const EXAMPLES: readonly (readonly [what: string, query: (metric: (name: string) => string) => string])[] = [
  ['Calls of each tool', (m) => `sum by (server, tool) (rate(${m('tool_calls_total')}[5m]))`],
  [
    'The slowest tools',
    (m) => `topk(5, histogram_quantile(0.95, sum by (le, tool) (rate(${m('tool_call_duration_seconds_bucket')}[5m]))))`,
  ],
  ['What fails, and how', (m) => `sum by (type, reason) (rate(${m('errors_total')}[5m]))`],
  ['Tokens that results cost', (m) => `sum by (tool) (rate(${m('tool_result_tokens_sum')}[5m]))`],
]

/** A line of text until the editor is here; it is loaded for this view alone. */
function QueryBox({ query, onRun }: { query: string; onRun: (query: string) => void }) {
  const host = useRef<HTMLDivElement>(null)
  const editor = useRef<Editor | undefined>(undefined)
  const onRunNow = useRef(onRun)
  onRunNow.current = onRun
  const [state, setState] = useState<'loading' | 'ready' | 'failed'>('loading')
  const [text, setText] = useState(query)
  useEffect(() => {
    let isGone = false
    import('../parts/editor.js').then(
      ({ createEditor }) => {
        if (isGone || !host.current) return
        editor.current = createEditor(host.current, query, {
          onRun: (value) => onRunNow.current(value),
          onChange: setText,
        })
        setState('ready')
      },
      () => setState('failed'),
    )
    return () => {
      isGone = true
      editor.current?.destroy()
    }
  }, [query])
  return (
    <form
      class="query"
      onSubmit={(event) => {
        event.preventDefault()
        onRun(text.trim())
      }}
    >
      <div ref={host} class="editor" />
      {state !== 'ready' && (
        <input
          aria-label="Query"
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
          spellcheck={false}
          data-filter=""
        />
      )}
      <button type="submit" class="main">
        Run
      </button>
      {state === 'failed' && <p class="note">The editor could not be loaded; the box works without it.</p>}
    </form>
  )
}

function Result({ query }: { query: string }) {
  const range = useRange()
  const answer = useAnswer<Matrix>(rangePath(query, range))
  const now = useAnswer<Matrix>(`${INSTANT_PATH}?${new URLSearchParams({ query, time: String(range.to / 1000) })}`)
  const frame = useRef<{ matrix: Matrix; frame: Frame } | undefined>(undefined)
  if (answer.value && frame.current?.matrix !== answer.value)
    frame.current = { matrix: answer.value, frame: frameOf(answer.value, range) }
  const rows = rowsOf(now.value)
  return (
    <>
      {answer.problem && <Failure problem={answer.problem} />}
      {!answer.problem && (
        <Chart
          title="Over time"
          answer={{ ...answer, value: answer.value && frame.current?.frame }}
          format={number}
          name={shortName(frame.current?.frame)}
          height={280}
          empty="No series answers in this range. The names of what there is come up while you type."
        />
      )}
      {now.value && (
        <Table
          name="now"
          columns={COLUMNS}
          rows={rows}
          keyOf={({ labels }) => labels}
          sort="-value"
          empty={<p class="nothing">No series has a value at the end of the range.</p>}
        />
      )}
    </>
  )
}

function nameOf({ __name__ = '', ...labels }: Readonly<Record<string, string>>): string {
  const rest = Object.entries(labels)
    .filter(([label]) => label !== 'job' && label !== 'instance')
    .map(([label, value]) => `${label}=${JSON.stringify(value)}`)
    .join(', ')
  return rest === '' ? __name__ || 'value' : `${__name__}{${rest}}`
}

/** Names of lines by what tells them apart: what all have in common would push that out of sight. */
function shortName(frame: Frame | undefined): (labels: Readonly<Record<string, string>>) => string {
  const all = frame?.series.map(({ labels }) => labels) ?? []
  const [first = {}] = all
  const common = Object.keys(first).filter((label) => all.every((labels) => labels[label] === first[label]))
  if (all.length < 2) return nameOf
  return (labels) => nameOf(Object.fromEntries(Object.entries(labels).filter(([label]) => !common.includes(label))))
}

interface ValueRow {
  readonly labels: string
  readonly value: number
}

const COLUMNS: readonly Column<ValueRow>[] = [
  {
    key: 'labels',
    label: 'Series',
    value: ({ labels }) => labels,
    cell: ({ labels }) => <Name text={labels} length={200} />,
  },
  {
    key: 'value',
    label: 'Value',
    isNumber: true,
    value: ({ value }) => value,
    cell: ({ value }) => String(Number(value.toPrecision(6))),
  },
]

function rowsOf(answer: Matrix | undefined): readonly ValueRow[] {
  const data = answer?.data
  if (data?.resultType === 'scalar') {
    const [, text] = data.result as unknown as readonly [number, string]
    return [{ labels: 'value', value: Number(text) }]
  }
  if (data?.resultType !== 'vector') return []
  return data.result.map(({ metric, value }) => ({ labels: nameOf(metric), value: Number(value?.[1]) }))
}

import { useEffect, useRef, useState } from 'preact/hooks'
import { Problem } from '../lib/api.js'
import { count, seconds } from '../lib/format.js'
import { shown } from '../lib/text.js'
import { Failure, Status } from './states.js'

/** A line of `GET /admin/api/audit/verify`: how far it is, and at the end what came out. */
interface Progress {
  readonly checked: number
  readonly total: number
  readonly done: boolean
  readonly ok?: boolean
  readonly problem?: string
}

/** Verifies the whole log, and shows how far it is. */
export function Verify() {
  const [progress, setProgress] = useState<Progress>()
  const [trouble, setTrouble] = useState<Problem>()
  const [since, setSince] = useState(0)
  const ending = useRef<AbortController | undefined>(undefined)
  useEffect(() => () => ending.current?.abort(), [])
  const isRunning = progress !== undefined && !progress.done && !trouble

  async function run(): Promise<void> {
    ending.current?.abort()
    const own = new AbortController()
    ending.current = own
    setTrouble(undefined)
    setSince(Date.now())
    setProgress({ checked: 0, total: 0, done: false })
    try {
      await eachLine('/admin/api/audit/verify', own.signal, (line) => setProgress(JSON.parse(line) as Progress))
    } catch (error) {
      if (own.signal.aborted) return
      setTrouble(error instanceof Problem ? error : new Problem('The answer was cut off.', 'Try again.', 0))
    }
  }

  return (
    <div class="verify">
      <button type="button" disabled={isRunning} onClick={() => void run()}>
        Verify the log
      </button>
      {isRunning && progress && (
        <>
          <progress max={Math.max(progress.total, 1)} value={progress.checked} aria-label="Rows verified" />
          <span>{`${count(progress.checked)} of ${count(progress.total)} rows`}</span>
          <button type="button" class="small" onClick={() => ending.current?.abort()}>
            stop
          </button>
        </>
      )}
      <span role="status">
        {progress?.done && progress.ok && (
          <Status tone="good">{`${count(progress.checked)} rows are as they were written; ${seconds((Date.now() - since) / 1000)}`}</Status>
        )}
        {progress?.done && !progress.ok && (
          <Status tone="bad">{shown(progress.problem ?? 'The log was changed.', 300)}</Status>
        )}
      </span>
      {trouble && <Failure problem={trouble} />}
    </div>
  )
}

/** Hands on each line of an answer as it comes. */
async function eachLine(path: string, signal: AbortSignal, onLine: (line: string) => void): Promise<void> {
  const response = await fetch(path, { signal, headers: { accept: 'application/x-ndjson' } })
  if (!response.ok || !response.body) {
    const said = ((await response.json().catch(() => ({}))) as { error?: string }).error
    throw new Problem(
      said ?? `The daemon answered ${response.status}.`,
      'The same on the command line: mcp-vitals audit verify',
      response.status,
    )
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { value, done } = await reader.read()
    if (done) break
    const lines = (rest + value).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line !== '') onLine(line)
  }
}

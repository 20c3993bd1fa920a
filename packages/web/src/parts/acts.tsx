import { useState } from 'preact/hooks'
import { ask, Problem } from '../lib/api.js'
import { refreshNow } from '../lib/data.js'
import { matcher } from '../lib/promql.js'
import { shown } from '../lib/text.js'
import { session } from '../lib/who.js'
import { Dialog } from './keys.js'
import { Failure } from './states.js'

/** Does what a person asked for, in their name, and has the views look again. */
export async function act(body: Readonly<Record<string, unknown>>): Promise<void> {
  const by = session.get()?.user
  await ask('/admin/api/alerts/act', { body: { ...body, ...(by !== undefined && { by }) } })
  refreshNow()
}

/** Runs an act at a time, and keeps what went wrong. */
export function useAct(onDone: () => void) {
  const [problem, setProblem] = useState<Problem>()
  const [isBusy, setBusy] = useState(false)
  async function run(body: Readonly<Record<string, unknown>>): Promise<void> {
    setBusy(true)
    setProblem(undefined)
    try {
      await act(body)
      onDone()
    } catch (error) {
      setProblem(error instanceof Problem ? error : new Problem(String(error), 'Load the page again.', 0))
    } finally {
      setBusy(false)
    }
  }
  return { run, problem, isBusy }
}

/** Takes an alert on, until it is resolved. */
export function AcknowledgeDialog({
  name,
  fingerprint,
  onClose,
}: {
  name: string
  fingerprint: string
  onClose: () => void
}) {
  const { run, problem, isBusy } = useAct(onClose)
  return (
    <Dialog title="Acknowledge" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          const comment = String(new FormData(event.currentTarget).get('comment') ?? '')
          void run({ do: 'acknowledge', fingerprint, comment })
        }}
      >
        <p>
          Nobody is reminded of <bdi>{shown(name)}</bdi> until it is resolved.
        </p>
        <label>
          Comment
          <input name="comment" maxLength={1000} placeholder="looking at it" />
        </label>
        <button type="submit" class="main" disabled={isBusy}>
          Acknowledge
        </button>
        {problem && <Failure problem={problem} />}
      </form>
    </Dialog>
  )
}

const LENGTHS = { '30 min': 30, '1 h': 60, '4 h': 240, '1 d': 1440, '7 d': 10_080 } as const

/** Keeps what matches quiet for a while. The labels that it begins with can be changed. */
export function SilenceDialog({ labels, onClose }: { labels: Readonly<Record<string, string>>; onClose: () => void }) {
  const { run, problem, isBusy } = useAct(onClose)
  const first = Object.entries(labels).map(([label, value]) => matcher(label, value))
  return (
    <Dialog title="Silence" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          const data = new FormData(event.currentTarget)
          const text = (name: string) => String(data.get(name) ?? '')
          void run({
            do: 'silence',
            matchers: text('matchers')
              .split('\n')
              .map((line) => line.trim())
              .filter((line) => line !== ''),
            durationMs: Number(text('minutes')) * 60_000,
            comment: text('comment'),
          })
        }}
      >
        <label>
          What: a line for each label, all have to match
          <textarea
            name="matchers"
            rows={Math.max(3, first.length)}
            required
            spellcheck={false}
            value={first.join('\n')}
          />
        </label>
        <label>
          For
          <select name="minutes">
            {Object.entries(LENGTHS).map(([name, minutes]) => (
              <option key={name} value={minutes} selected={minutes === 60}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label>
          Why
          <input name="comment" maxLength={1000} required placeholder="maintenance of the database" />
        </label>
        <button type="submit" class="main" disabled={isBusy}>
          Silence
        </button>
        {problem && <Failure problem={problem} />}
      </form>
    </Dialog>
  )
}

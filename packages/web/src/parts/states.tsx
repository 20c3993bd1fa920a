import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import type { Problem } from '../lib/api.js'

/** What went wrong, and what one can do. */
export function Failure({ problem }: { problem: Problem }) {
  return (
    <p class="failure" role="alert">
      <Shape of="bad" /> <strong>{problem.message}</strong> {problem.next}
    </p>
  )
}

/** Nothing there, why that can be, and the line that brings something. */
export function Empty({
  title,
  children,
  line,
}: {
  title: string
  children?: ComponentChildren
  line?: string | undefined
}) {
  return (
    <div class="empty">
      <p>
        <strong>{title}</strong>
      </p>
      {children}
      {line !== undefined && <Line text={line} />}
    </div>
  )
}

/** A line to paste, with a button that takes it. */
export function Line({ text }: { text: string }) {
  return (
    <p class="line">
      <code>{text}</code>
      <Copy text={text} what="the line" />
    </p>
  )
}

export function Copy({ text, what }: { text: string; what: string }) {
  const [done, setDone] = useState(false)
  return (
    <button
      type="button"
      class="small"
      aria-label={`Copy ${what}`}
      onClick={async () => {
        await copy(text)
        setDone(true)
        setTimeout(() => setDone(false), 1500)
      }}
    >
      {done ? 'copied' : 'copy'}
    </button>
  )
}

async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
  } catch {
    // Without TLS on another machine browsers have no clipboard; a marked text can be copied by hand in all of them.
    const area = document.createElement('textarea')
    area.value = text
    document.body.append(area)
    area.select()
    document.execCommand('copy')
    area.remove()
  }
}

export type Tone = 'good' | 'some' | 'bad' | 'none' | 'info'

/** A shape for each tone, for who cannot tell the colours apart. */
export function Shape({ of }: { of: Tone }) {
  return (
    <svg class={`shape ${of}`} viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      {of === 'good' && <circle cx="6" cy="6" r="5" />}
      {of === 'some' && <path d="M6 .8 11.6 11H.4z" />}
      {of === 'bad' && <path d="M3.6.5h4.8l3.1 3.1v4.8l-3.1 3.1H3.6L.5 8.4V3.6z" />}
      {of === 'none' && <circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" stroke-width="1.8" />}
      {of === 'info' && <rect x="1.5" y="1.5" width="9" height="9" rx="2" />}
    </svg>
  )
}

/** A word with its shape. */
export function Status({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return (
    <span class={`status ${tone}`}>
      <Shape of={tone} />
      {children}
    </span>
  )
}

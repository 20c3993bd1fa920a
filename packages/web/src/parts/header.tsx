import { useEffect, useState } from 'preact/hooks'
import { go, here, to, useAddress } from '../lib/address.js'
import { refreshNow } from '../lib/data.js'
import { milliseconds, seconds } from '../lib/format.js'
import { keysShown$ } from '../lib/keys.js'
import { ageOf, document$, type Link, link$, trouble$ } from '../lib/live.js'
import { DEFAULT_REFRESH, RANGES, REFRESHES, rangeOf, usual$ } from '../lib/range.js'
import { logOut } from '../lib/session.js'
import { useStore } from '../lib/store.js'
import { type Theme, theme$ } from '../lib/theme.js'
import { session } from '../lib/who.js'
import { Name } from './name.js'
import { Shape, type Tone } from './states.js'

/** What stands above every view: its name, the time that it looks at, how old what it shows is, and who looks. */
export function Header({ title, hasRange }: { title: string; hasRange: boolean }) {
  return (
    <>
      <Offline />
      <header>
        <h1>{title}</h1>
        <Age />
        <div class="tools">
          {hasRange && <RangePicker />}
          <RefreshPicker />
          <ThemePicker />
          <button type="button" onClick={() => keysShown$.set(true)} aria-label="Keys" title="Keys (?)">
            ?
          </button>
          <Who />
        </div>
      </header>
    </>
  )
}

const WORDS: Readonly<Record<Link, readonly [tone: Tone, word: string]>> = {
  starting: ['none', 'starting'],
  live: ['good', 'live'],
  polling: ['some', 'stream cut, asking each 30 s'],
  offline: ['bad', 'offline'],
}

/** How old what is shown is, each second. */
function Age() {
  const document = useStore(document$)
  const link = useStore(link$)
  const now = useSecond()
  const [tone, word] = WORDS[link]
  const age = document && ageOf(document.at, now)
  return (
    <p class="age">
      <Shape of={tone} />
      <span>{word}</span>
      {age !== undefined && <span>{`data is ${age < 1000 ? '0 s' : seconds(age / 1000)} old`}</span>}
    </p>
  )
}

/** The time, at each second. */
function useSecond(): number {
  const [now, setNow] = useState(Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  return now
}

function Offline() {
  const link = useStore(link$)
  const trouble = useStore(trouble$)
  if (link !== 'offline') return null
  return (
    <p class="offline" role="alert">
      <Shape of="bad" /> <strong>{trouble?.message ?? 'This machine is offline.'}</strong> What you see is what there
      was last. The page comes back by itself. {trouble?.next}
    </p>
  )
}

function RangePicker() {
  const { params } = useAddress()
  const [isOwn, setOwn] = useState(false)
  useStore(usual$)
  const range = rangeOf(params, Date.now())
  const isShown = isOwn || range.name === undefined
  return (
    <>
      <select
        aria-label="Range"
        value={range.name ?? 'own'}
        onChange={({ currentTarget: { value } }) => {
          setOwn(value === 'own')
          if (value !== 'own') go(here({ range: value, from: undefined, to: undefined }))
        }}
      >
        {Object.keys(RANGES).map((name) => (
          <option key={name} value={name}>{`last ${name}`}</option>
        ))}
        <option value="own">from … to</option>
      </select>
      {isShown && <OwnRange from={range.from} to={range.to} />}
    </>
  )
}

function OwnRange({ from, to: until }: { from: number; to: number }) {
  const [ends, setEnds] = useState({ from: local(from), to: local(until) })
  const isBackwards = !(Date.parse(ends.from) < Date.parse(ends.to))
  return (
    <form
      class="own"
      onSubmit={(event) => {
        event.preventDefault()
        if (isBackwards) return
        const [first, last] = [ends.from, ends.to].map((text) => new Date(text).toISOString())
        go(here({ range: undefined, from: first, to: last }))
      }}
    >
      {(['from', 'to'] as const).map((name) => (
        <input
          key={name}
          aria-label={name}
          type="datetime-local"
          value={ends[name]}
          onInput={({ currentTarget: { value } }) => setEnds({ ...ends, [name]: value })}
        />
      ))}
      <button type="submit" disabled={isBackwards}>
        show
      </button>
    </form>
  )
}

/** As an input of a date and a time has it: this machine's time, to the minute. */
const local = (at: number): string =>
  new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 16)

function RefreshPicker() {
  const given = useAddress().params.get('refresh') ?? DEFAULT_REFRESH
  return (
    <>
      <select
        aria-label="Refresh"
        value={Object.hasOwn(REFRESHES, given) ? given : DEFAULT_REFRESH}
        onChange={({ currentTarget: { value } }) => go(here({ refresh: value }), { replace: true })}
      >
        {Object.keys(REFRESHES).map((name) => (
          <option key={name} value={name}>
            {name === 'off' ? 'refresh off' : `every ${milliseconds(REFRESHES[name as keyof typeof REFRESHES] * 1000)}`}
          </option>
        ))}
      </select>
      <button type="button" onClick={refreshNow} title="Refresh (r)" aria-label="Refresh now">
        ↻
      </button>
    </>
  )
}

function ThemePicker() {
  const theme = useStore(theme$)
  return (
    <select aria-label="Colours" value={theme} onChange={({ currentTarget: { value } }) => theme$.set(value as Theme)}>
      <option value="system">system</option>
      <option value="light">light</option>
      <option value="dark">dark</option>
    </select>
  )
}

function Who() {
  const who = useStore(session)
  if (who === undefined) return null
  if (who.by !== 'session')
    return who.login.user || who.login.adminToken ? (
      <a class="button" href={to(['login'])} title={`Looking only: role ${who.role}`}>
        Log in
      </a>
    ) : null
  return (
    <details class="who">
      <summary>
        <Name text={who.user ?? who.role} length={20} />
      </summary>
      <div>
        <p>{`Role: ${who.role}`}</p>
        <button type="button" onClick={() => void logOut({})}>
          Log out
        </button>
        <button type="button" onClick={() => void logOut({ everywhere: true })}>
          Log out everywhere
        </button>
      </div>
    </details>
  )
}

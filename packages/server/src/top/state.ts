import { COLUMNS, FIRST_SORT, VIEWS, type View } from './views.js'

/** What a person at the keyboard has set. */
export interface TopState {
  readonly view: View
  readonly sort: Readonly<Record<View, string>>
  readonly isReversed: boolean
  readonly filter: string
  /** The filter is being typed. */
  readonly isTyping: boolean
  readonly isPaused: boolean
  readonly isHelp: boolean
  /** Rows above the first one that is shown. */
  readonly offset: number
  readonly isOver: boolean
}

export interface TopWishes {
  readonly view?: View
  readonly sort?: string
  readonly filter?: string
}

/** How it begins. A `sort` that the view has no column for is left out. */
export function firstState({ view = 'servers', sort, filter = '' }: TopWishes): TopState {
  const wanted = sort !== undefined && COLUMNS[view].some(({ key }) => key === sort) ? { [view]: sort } : {}
  return {
    view,
    sort: { ...FIRST_SORT, ...wanted },
    isReversed: false,
    filter,
    isTyping: false,
    isPaused: false,
    isHelp: false,
    offset: 0,
    isOver: false,
  }
}

/** Longest filter, in characters. */
const MAX_FILTER = 64
// biome-ignore lint/suspicious/noControlCharactersInRegex: keys begin with them
const KEY = /\u001b(?:\[[0-9;]*[A-Za-z~]|O[A-Za-z])|[\s\S]/gu

/** What came from the keyboard, cut into keys: a sequence of escape, or a character. */
export const keysIn = (input: string): readonly string[] => input.match(KEY) ?? []

/** Names of keys that terminals send as sequences (xterm’s control sequences). */
const NAMES: Readonly<Record<string, string>> = {
  '\u001b[A': 'up',
  '\u001bOA': 'up',
  '\u001b[B': 'down',
  '\u001bOB': 'down',
  '\u001b[5~': 'page up',
  '\u001b[6~': 'page down',
  '\u001b[H': 'home',
  '\u001b[1~': 'home',
  '\u001bOH': 'home',
  '\u001b[F': 'end',
  '\u001b[4~': 'end',
  '\u001bOF': 'end',
  '\u001b[Z': 'back tab',
  '\u001b': 'escape',
  '\t': 'tab',
  '\r': 'enter',
  '\n': 'enter',
  '\u007f': 'backspace',
  '\b': 'backspace',
  '\u0003': 'quit',
}

/** What is after a key. `page`: rows of one page; `rows`: how many there are. */
export function pressed(
  state: TopState,
  key: string,
  { page, rows }: { readonly page: number; readonly rows: number },
): TopState {
  const name = NAMES[key] ?? key
  if (name === 'quit') return { ...state, isOver: true }
  if (state.isTyping) return typed(state, name)
  if (state.isHelp) return name === 'q' ? { ...state, isOver: true } : { ...state, isHelp: false }
  const scrolled = (offset: number): TopState => ({ ...state, offset: Math.max(0, Math.min(offset, rows - page)) })
  switch (name) {
    case 'q':
      return { ...state, isOver: true }
    case '?':
    case 'h':
      return { ...state, isHelp: true }
    case 'p':
      return { ...state, isPaused: !state.isPaused }
    case 'r':
      return { ...state, isReversed: !state.isReversed, offset: 0 }
    case 's':
      return sorted(state)
    case '/':
      return { ...state, isTyping: true }
    case 'escape':
      return { ...state, filter: '', offset: 0 }
    case 'tab':
      return viewed(state, 1)
    case 'back tab':
      return viewed(state, VIEWS.length - 1)
    case 'up':
      return scrolled(state.offset - 1)
    case 'down':
      return scrolled(state.offset + 1)
    case 'page up':
      return scrolled(state.offset - page)
    case 'page down':
      return scrolled(state.offset + page)
    case 'home':
      return scrolled(0)
    case 'end':
      return scrolled(rows)
    default: {
      const number = /^[1-9]$/.test(name) ? VIEWS[Number(name) - 1] : undefined
      return number === undefined ? state : { ...state, view: number, offset: 0 }
    }
  }
}

function typed(state: TopState, name: string): TopState {
  const { filter } = state
  if (name === 'enter') return { ...state, isTyping: false }
  if (name === 'escape') return { ...state, isTyping: false, filter: '', offset: 0 }
  if (name === 'backspace') return { ...state, filter: [...filter].slice(0, -1).join(''), offset: 0 }
  const isText = /^[^\p{C}]$/u.test(name) && filter.length < MAX_FILTER
  return isText ? { ...state, filter: filter + name, offset: 0 } : state
}

function sorted(state: TopState): TopState {
  const keys = COLUMNS[state.view].map(({ key }) => key)
  const next = keys[(keys.indexOf(state.sort[state.view]) + 1) % keys.length]!
  return { ...state, sort: { ...state.sort, [state.view]: next }, offset: 0 }
}

function viewed(state: TopState, step: number): TopState {
  return { ...state, view: VIEWS[(VIEWS.indexOf(state.view) + step) % VIEWS.length]!, offset: 0 }
}

/** The fault matrix: each kind of failure × each pairing of a client and a server. The cells of the test come from here. */

export const PAIRINGS = {
  'http to stdio, legacy': { client: 'http', era: 'legacy', server: 'stdio' },
  'http to stdio, modern': { client: 'http', era: 'modern', server: 'stdio' },
  'http to http, legacy': { client: 'http', era: 'legacy', server: 'http' },
  'http to http, modern': { client: 'http', era: 'modern', server: 'http' },
  'sse to sse': { client: 'sse', era: 'legacy', server: 'sse' },
  'sse to stdio': { client: 'sse', era: 'legacy', server: 'stdio' },
  'stdio wrap': { client: 'stdio', era: 'legacy', server: 'stdio' },
} as const
export type Pairing = keyof typeof PAIRINGS

export interface Cell {
  /** What the client sees of its call: of HTTP `<status> <body>`, `broken` or `left`; else what comes and how it ends. */
  readonly seen: RegExp
  /** The `type` in the metrics of errors, or how the call ended instead. */
  readonly counted: string
  /** The same is seen of the server itself, and compared with it. */
  readonly asDirect: boolean
}

const asDirect = (seen: RegExp, counted: string): Cell => ({ seen, counted, asDirect: true })
/** What only a gateway can say, or must say in place of a connection that it has and the client has not. */
const ours = (seen: RegExp, counted: string): Cell => ({ seen, counted, asDirect: false })

/** What the client does during its call, and what is wrong with the server's answer. */
export interface Fault {
  readonly what: string
  readonly does?: 'cancel' | 'leave'
  /** Its cells run behind a daemon that limits how long an answer may take. */
  readonly limited?: true
  /** Its call is larger than what the system holds for a reader who does not read. */
  readonly large?: true
  /** A text where there can be no such cell: why. */
  readonly cells: Readonly<Record<Pairing, Cell | string>>
}

type Column = Cell | string
/** Both eras, where they do not differ. */
const row = (stdio: Column, http: Column, sse: Column, sseStdio: Column, wrap: Column): Record<Pairing, Column> => ({
  'http to stdio, legacy': stdio,
  'http to stdio, modern': stdio,
  'http to http, legacy': http,
  'http to http, modern': http,
  'sse to sse': sse,
  'sse to stdio': sseStdio,
  'stdio wrap': wrap,
})

const NO_CONNECTION = 'between pipes there is no connection, and no head of an answer'
const NO_PROCESS = 'a process of another is only seen through its connections: they are reset'
const NO_LIMIT = 'a call over stdio has no limit but its client’s patience: it leaves'
const SEEN_BY_STREAM = 'a POST of HTTP+SSE has no answer but that it was accepted'
const ENDED = /^502 .*"id":7.*exit status 3.*SERVER_ENDED/
const ENDED_ON_STREAM = /^202 .*"id":7.*exit status 3.*SERVER_ENDED/

export const FAULTS = {
  ok: {
    what: 'nothing is wrong',
    cells: row(
      ours(/^200 .*"done"/, 'success'),
      asDirect(/^200 .*"done"/, 'success'),
      asDirect(/^202 .*"done"/, 'success'),
      ours(/^202 .*"done"/, 'success'),
      asDirect(/"done"/, 'success'),
    ),
  },
  'tool-error': {
    what: 'the tool failed',
    cells: row(
      ours(/^200 .*"isError":true/, 'tool_error'),
      asDirect(/^200 .*"isError":true/, 'tool_error'),
      asDirect(/^202 .*"isError":true/, 'tool_error'),
      ours(/^202 .*"isError":true/, 'tool_error'),
      asDirect(/"isError":true/, 'tool_error'),
    ),
  },
  'rpc-error': {
    what: 'the call was refused',
    cells: row(
      ours(/^200 .*-32099/, 'protocol_error'),
      asDirect(/^200 .*-32099/, 'protocol_error'),
      asDirect(/^202 .*-32099/, 'protocol_error'),
      ours(/^202 .*-32099/, 'protocol_error'),
      asDirect(/-32099/, 'protocol_error'),
    ),
  },
  junk: {
    what: 'what is no message stands before the answer, or in its place',
    cells: row(
      ours(/^200 (?!.*listening).*"done"/, 'success'),
      asDirect(/^200 Server is listening!/, 'transport_error'),
      asDirect(/^202 Server is listening! .*"done"/, 'success'),
      ours(/^202 (?!.*listening).*"done"/, 'success'),
      asDirect(/Server is listening!\n.*"done"/, 'success'),
    ),
  },
  oversize: {
    what: 'the answer is larger than the gateway takes of a process as one line',
    cells: row(
      ours(/"id":7.*ANSWER_TOO_LONG/, 'protocol_error'),
      asDirect(/^200 .*"done".*x{5000}/, 'success'),
      asDirect(/^202 .*"done".*x{5000}/, 'success'),
      ours(/^202 .*"id":7.*ANSWER_TOO_LONG/, 'protocol_error'),
      asDirect(/"done".*x{5000}/, 'success'),
    ),
  },
  cancelled: {
    what: 'the client takes its call back',
    does: 'cancel',
    cells: {
      ...row(
        ours(/^left/, 'cancelled'),
        ours(/^left/, 'cancelled'),
        ours(/^left/, 'cancelled'),
        ours(/^left/, 'cancelled'),
        ours(/^left/, 'cancelled'),
      ),
      'http to stdio, modern': 'without a session to leave is to cancel',
      'http to http, modern': 'without a session to leave is to cancel',
    },
  },
  left: {
    what: 'the client is gone before the answer',
    does: 'leave',
    cells: {
      ...row(
        ours(/^left/, 'cancelled'),
        ours(/^left/, 'cancelled'),
        ours(/^left/, 'cancelled'),
        ours(/^left/, 'cancelled'),
        ours(/^left/, 'cancelled'),
      ),
      'http to stdio, legacy': 'in a session a lost connection cancels nothing: its client may come back',
    },
  },
  'exit-before': {
    what: 'the process ends in place of an answer',
    cells: row(
      ours(ENDED, 'process_exit'),
      NO_PROCESS,
      NO_PROCESS,
      ours(ENDED_ON_STREAM, 'process_exit'),
      asDirect(/^exit 3$/, 'process_exit'),
    ),
  },
  'exit-within': {
    what: 'the process ends in the middle of its answer',
    cells: row(
      ours(ENDED, 'process_exit'),
      NO_PROCESS,
      NO_PROCESS,
      ours(ENDED_ON_STREAM, 'process_exit'),
      asDirect(/^\{"jsonrpc":"2.0","id":1,"resulexit 3$/, 'process_exit'),
    ),
  },
  'reset-before': {
    what: 'the connection is reset in place of an answer',
    cells: row(
      NO_CONNECTION,
      ours(/^502 .*"id":7.*UPSTREAM_BROKEN_OFF/, 'transport_error'),
      ours(/^502 .*"id":7.*UPSTREAM_BROKEN_OFF/, 'transport_error'),
      NO_CONNECTION,
      NO_CONNECTION,
    ),
  },
  'reset-in-body': {
    what: 'the connection is reset in the middle of an answer',
    cells: row(NO_CONNECTION, asDirect(/^broken/, 'transport_error'), SEEN_BY_STREAM, NO_CONNECTION, NO_CONNECTION),
  },
  'reset-in-stream': {
    what: 'the connection is reset in the middle of an event stream',
    cells: row(
      NO_CONNECTION,
      asDirect(/^broken/, 'transport_error'),
      asDirect(/^202 cut$/, 'transport_error'),
      NO_CONNECTION,
      NO_CONNECTION,
    ),
  },
  'ended-in-stream': {
    what: 'the event stream ends without the answer, and without an id to ask for the rest by',
    cells: row(
      NO_CONNECTION,
      asDirect(/^200 : begun\n\n$/, 'transport_error'),
      asDirect(/^202 end$/, 'transport_error'),
      NO_CONNECTION,
      NO_CONNECTION,
    ),
  },
  'http-500': {
    what: 'HTTP says that the server failed',
    cells: row(
      NO_CONNECTION,
      asDirect(/^500 it broke/, 'transport_error'),
      asDirect(/^500 it broke/, 'transport_error'),
      NO_CONNECTION,
      NO_CONNECTION,
    ),
  },
  'not-http': {
    what: 'the answer is no HTTP',
    cells: row(
      NO_CONNECTION,
      ours(/^502 .*"id":7.*UPSTREAM_UNREADABLE/, 'transport_error'),
      ours(/^502 .*"id":7.*UPSTREAM_UNREADABLE/, 'transport_error'),
      NO_CONNECTION,
      NO_CONNECTION,
    ),
  },
  silent: {
    what: 'half-open: the connection takes the request, and nothing is answered',
    limited: true,
    cells: row(
      NO_LIMIT,
      ours(/^504 .*"id":7.*UPSTREAM_SILENT/, 'timeout'),
      ours(/^504 .*"id":7.*UPSTREAM_SILENT/, 'timeout'),
      NO_LIMIT,
      NO_LIMIT,
    ),
  },
  unread: {
    what: 'half-open: a peer that vanished without a word reads nothing, and what is sent to it piles up',
    limited: true,
    large: true,
    cells: row(
      NO_LIMIT,
      ours(/^504 .*"id":7.*UPSTREAM_SILENT/, 'timeout'),
      ours(/^504 .*"id":7.*UPSTREAM_SILENT/, 'timeout'),
      NO_LIMIT,
      NO_LIMIT,
    ),
  },
  'head-only': {
    what: 'half-open: the head of an answer, and then nothing',
    limited: true,
    cells: row(NO_CONNECTION, ours(/^broken/, 'timeout'), SEEN_BY_STREAM, NO_CONNECTION, NO_CONNECTION),
  },
  stalled: {
    what: 'half-open: an event stream that goes on no more',
    limited: true,
    cells: row(NO_CONNECTION, ours(/^broken/, 'timeout'), ours(/^202 cut$/, 'timeout'), NO_CONNECTION, NO_CONNECTION),
  },
  frozen: {
    what: 'half-open: the process is stopped, reads nothing and says nothing, and its client leaves',
    does: 'leave',
    cells: {
      ...row(
        ours(/^left/, 'cancelled'),
        NO_PROCESS,
        NO_PROCESS,
        ours(/^left/, 'cancelled'),
        'a client ends such a server with SIGKILL, and so the wrap: test/e2e/wrap-hard.test.ts',
      ),
      'http to stdio, legacy': 'in a session a lost connection cancels nothing: its client may come back',
    },
  },
} as const satisfies Readonly<Record<string, Fault>>
export type FaultName = keyof typeof FAULTS

/** What a first request meets where there is nobody who could answer it; `counted`: how it ended, or the status of the GET. */
export const OPENINGS = {
  nobody: {
    what: 'nobody listens at the address; there is no such command',
    cells: {
      'http to stdio, legacy': { seen: /^502 .*"id":1.*SERVER_NOT_FOUND/, counted: 'process_exit' },
      'http to stdio, modern': { seen: /^502 .*"id":7.*SERVER_NOT_FOUND/, counted: 'process_exit' },
      'http to http, legacy': { seen: /^502 .*"id":1.*UPSTREAM_UNREACHABLE/, counted: 'transport_error' },
      'http to http, modern': { seen: /^502 .*"id":7.*UPSTREAM_UNREACHABLE/, counted: 'transport_error' },
      'sse to sse': { seen: /^502 .*UPSTREAM_UNREACHABLE/, counted: 'GET 502' },
      'sse to stdio': { seen: /^202 .*"id":1.*SERVER_NOT_FOUND.* end$/, counted: 'process_exit' },
      'stdio wrap': 'the wrap ends like a shell: test/e2e/wrap.test.ts',
    },
  },
  mute: {
    what: 'half-open from the start: the connection is taken, the process runs, and nothing is ever said',
    cells: {
      'http to stdio, legacy': { seen: /^504 .*"id":1.*SERVER_SILENT/, counted: 'timeout' },
      // Who does not know `server/discover` is held for legacy: its client goes on to `initialize`.
      'http to stdio, modern': { seen: /^400 .*"id":7.*-32022/, counted: 'POST 400' },
      'http to http, legacy': { seen: /^504 .*"id":1.*UPSTREAM_SILENT/, counted: 'timeout' },
      'http to http, modern': { seen: /^504 .*"id":7.*UPSTREAM_SILENT/, counted: 'timeout' },
      // A stream may begin with its first event, whenever that comes: directly its client would wait as long.
      'sse to sse': { seen: /^left$/, counted: 'GET 499' },
      'sse to stdio': { seen: /^202 .*"id":1.*SERVER_SILENT.* end$/, counted: 'timeout' },
      'stdio wrap': 'a call over stdio has no limit but its client’s patience',
    },
  },
} as const satisfies Readonly<Record<string, Opening>>

interface Opening {
  readonly what: string
  readonly cells: Readonly<Record<Pairing, { readonly seen: RegExp; readonly counted: string } | string>>
}

/** Calls of a legacy session, and what a server is told to say in each (test/fixtures/chorus.mjs). */
import fc from 'fast-check'
import { ID_TOKENS, jsonText } from './strange.js'

export const OPENING = {
  jsonrpc: '2.0',
  id: 'opening',
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'differential', version: '1' } },
}

const METHODS = ['sampling/createMessage', 'elicitation/create', 'roots/list', 'ping'] as const
/** What a server says that is no response; `@TOKEN@` stands for the call's token. */
const NOTICES = {
  progress: (extra: string) =>
    `{"method":"notifications/progress","params":{"progress":1,"progressToken":@TOKEN@,"x":${extra}},"jsonrpc":"2.0"}`,
  log: (extra: string) =>
    `{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":${extra}}}`,
  ask: (extra: string, id: string, method: string) =>
    `{"jsonrpc":"2.0", "id":${id},"method":"${method}","params":{"x":${extra}}}`,
} as const
const ENDS = {
  ok: (extra: string) => `{"jsonrpc":"2.0","id":@ID@,"result":{"content":[],"structuredContent":${extra}}}`,
  tool_error: (extra: string) => `{"result":{"x":${extra},"isError":true,"content":[]},"id":@ID@,"jsonrpc":"2.0"}`,
  protocol_error: (extra: string) =>
    `{"id" : @ID@,"error":{"code":-32000,"message":"no","data":${extra}},"jsonrpc":"2.0"}`,
} as const

export const call = fc.record({
  id: fc.constantFrom(...ID_TOKENS),
  hasToken: fc.boolean(),
  notices: fc.array(
    fc.record({
      kind: fc.constantFrom(...(Object.keys(NOTICES) as (keyof typeof NOTICES)[])),
      extra: jsonText,
      id: fc.constantFrom(...ID_TOKENS),
      method: fc.constantFrom(...METHODS),
      at: fc.nat({ max: 999 }),
    }),
    { maxLength: 3 },
  ),
  end: fc.constantFrom(...(Object.keys(ENDS) as (keyof typeof ENDS)[])),
  extra: jsonText,
  at: fc.nat({ max: 999 }),
})
type Call = typeof call extends fc.Arbitrary<infer T> ? T : never

/** Ids that are equal as values cannot be in flight together. */
export const calls = fc.uniqueArray(call, {
  minLength: 1,
  maxLength: 4,
  selector: ({ id }) => JSON.stringify(JSON.parse(id)),
})

export interface Said {
  readonly at: number
  readonly text: string
  readonly owned: boolean
}

export function saysOf({ notices, hasToken, end, extra, at }: Call): Said[] {
  const before = notices
    .filter(({ kind }) => kind !== 'progress' || hasToken)
    .map((notice) => ({
      at: notice.at,
      text: NOTICES[notice.kind](notice.extra, notice.id, notice.method),
      owned: notice.kind === 'progress',
    }))
  before.sort((a, b) => a.at - b.at)
  return [...before, { at: 1_000 + at, text: ENDS[end](extra), owned: true }]
}

export function bodyOf(told: Call, run: string, of: number, place: number): string {
  const says = saysOf(told)
  const meta = told.hasToken ? `,"_meta":{"progressToken":${told.id}}` : ''
  const given = JSON.stringify({ run, of, place, piece: 7, says })
  return `{"jsonrpc":"2.0","id":${told.id},"method":"tools/call","params":{"name":"say","arguments":${given}${meta}}}`
}

/** A text as the server says it, whose own ids are what it read. */
export const filled = ({ text }: Said, { id }: Call) =>
  text.replaceAll(/@(ID|TOKEN)@/g, () => JSON.stringify(JSON.parse(id)))

/** The client's answer to a request of the server, in a spelling of its own; undefined for what asks nothing. */
export function answerTo(text: string, result: string): string | undefined {
  const id = /^\{"jsonrpc":"2\.0", "id":(.*?),"method"/.exec(text)?.[1]
  return id === undefined ? undefined : `{"id":${id},  "result":{"x":${result}},"jsonrpc":"2.0"}`
}

import type { Asked, Finding } from '../contract.js'
import { codeOf } from '../shared/web.js'
import { lasting, shown } from '../shared/words.js'
import type { CallOutcome, ListedTool } from './session.js'

/** A text that is a program’s help, and no result. */
const HELP =
  /^\s*usage:|\bunrecognized arguments?\b|\binvalid choice\b|\bavailable commands:|\bno such (?:option|command)\b|--help\b/im
const WHY = 'Every client that calls it so gets the same.'

/** What a call that was asked for came to. `secrets`: what must not be shown. */
export function judgeCall(
  name: string,
  { tool, arguments: given }: NonNullable<Asked['call']>,
  outcome: CallOutcome,
  listed: ListedTool | undefined,
  secrets: readonly string[],
): readonly Finding[] {
  if (outcome.is === 'done') return []
  const known = [...secrets, ...Object.values(given).filter((value) => typeof value === 'string')]
  const about = { subject: name, severity: 'error' as const, why: WHY }
  const again = `mcp-vitals doctor --call ${tool} --args '${exampleOf(listed?.inputSchema)}'`
  const called = `tools/call of ${shown(tool)} with the arguments ${shown(Object.keys(given).join(', ')) || '(none)'}`
  switch (outcome.is) {
    case 'tool error': {
      const line = outcome.text.split('\n').find((one) => one.trim() !== '') ?? ''
      const said = line === '' ? 'the tool gave no reason' : `the tool said: ${shown(line, known)}`
      if (HELP.test(outcome.text))
        return [
          {
            ...about,
            problem: `The plugin behind the tool ${shown(tool)} printed its help and did no work.`,
            evidence: [called, said],
            next: 'Its help and its options do not fit together: each option of a command must stand in the help as --name, and be taken so. Compare both by hand.',
            fix: [`python3 mcp/plugins/${pluginOf(tool)} --help`, again],
          },
        ]
      return [
        {
          ...about,
          problem: `The tool ${shown(tool)} answered with an error of its own.`,
          evidence: [called, said],
          next: 'The call reached it and it failed there: look into its own log, and at what it needs.',
          fix: [again, 'grep "ERROR" mcp.log | tail -n 100'],
        },
      ]
    }
    case 'refused':
      return [{ ...about, ...refused(outcome, tool, called, known, listed), fix: [again, rawCall(tool, listed)] }]
    default: {
      const { message = '' } = outcome.error as Error
      const code = codeOf(outcome.error)
      return [
        {
          ...about,
          problem:
            code === 'REQUEST_TIMEOUT'
              ? `The tool ${shown(tool)} gave no answer in time.`
              : `The answer of the tool ${shown(tool)} is not as JSON-RPC and MCP have it.`,
          evidence: [called, `${code}: ${shown(message, known)}`],
          next:
            code === 'REQUEST_TIMEOUT'
              ? 'Give it more time, or see what it waits for.'
              : 'An answer is one object with "jsonrpc": "2.0", the id of its request, and "result" with "content", or "error" with "code" and "message".',
          fix: [
            ...(code === 'REQUEST_TIMEOUT' ? [`${again} --timeout 120`] : [again]),
            '{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"…"}]}}',
          ],
        },
      ]
    }
  }
}

/** The JSON-RPC error in words of JSON-RPC 2.0, section 5.1. */
function refused(
  { code, text }: Extract<CallOutcome, { readonly is: 'refused' }>,
  tool: string,
  called: string,
  known: readonly string[],
  listed: ListedTool | undefined,
): Pick<Finding, 'problem' | 'evidence' | 'next'> {
  const evidence = [called, `JSON-RPC error ${code}: ${shown(text, known)}`]
  if (code === -32602)
    return {
      problem: `The arguments for the tool ${shown(tool)} are not what it takes.`,
      evidence: [...evidence, `it takes: ${shown(fieldsOf(listed?.inputSchema))}`],
      next: 'Give the arguments that its schema asks for.',
    }
  if (code === -32601)
    return {
      problem: `The server lists the tool ${shown(tool)} and does not know the method that calls it.`,
      evidence,
      next: 'The form of the request is right; the server has no handler for tools/call. Mend the server.',
    }
  if (code === -32700 || code === -32600)
    return {
      problem: 'The server does not take a request of JSON-RPC that is as it has to be.',
      evidence,
      next: 'Something between cuts or changes requests, or the server reads them wrongly: compare with the line below.',
    }
  return {
    problem: `The server refused the call of ${shown(tool)}.`,
    evidence,
    next: 'The call reached the server and failed there: look into its own log.',
  }
}

/** No server has the tool. */
export function noSuchTool(tool: string, tools: readonly string[]): Finding {
  const near = tools.filter((name) => name.toLowerCase().includes(tool.toLowerCase()) || tool.includes(name))
  return {
    severity: 'error',
    problem: `No server that answers has a tool ${shown(tool)}.`,
    evidence: [
      tools.length === 0
        ? 'no tool was listed'
        : `there are: ${shown((near.length > 0 ? near : tools).slice(0, 20).join(', '))}`,
    ],
    why: 'A client that calls it gets an error.',
    next: 'Write its name as the server lists it; a plugin’s command is <plugin>.<command>.',
    fix: [`mcp-vitals doctor --call ${shown(near[0] ?? tools[0] ?? 'search')}`],
  }
}

/** `search.find-all` → `search/cli.py find-all`. */
const pluginOf = (tool: string): string => {
  const [plugin = '', command = ''] = shown(tool).split('.')
  return `${plugin}/cli.py ${command}`.trim()
}

function rawCall(tool: string, listed: ListedTool | undefined): string {
  const args = exampleOf(listed?.inputSchema)
  return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":${JSON.stringify(shown(tool))},"arguments":${args}}}`
}

interface Schema {
  readonly type?: unknown
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly enum?: readonly unknown[]
}

const EXAMPLES: Readonly<Record<string, unknown>> = {
  string: '…',
  integer: 1,
  number: 1,
  boolean: true,
  array: [],
  object: {},
}

/** Arguments that a schema would take, as far as types tell: what is required of it. */
function exampleOf(schema: unknown): string {
  const { properties = {}, required = [] } = (schema ?? {}) as Schema
  const entries = required
    .filter((name) => Object.hasOwn(properties, name))
    .map((name) => [name, properties[name]?.enum?.[0] ?? EXAMPLES[String(properties[name]?.type)] ?? '…'])
  return shown(JSON.stringify(Object.fromEntries(entries)))
}

function fieldsOf(schema: unknown): string {
  const { properties = {}, required = [] } = (schema ?? {}) as Schema
  const fields = Object.entries(properties).map(
    ([name, { type }]) => `${name} (${type ?? 'any'}${required.includes(name) ? ', required' : ''})`,
  )
  return fields.join(', ') || 'nothing'
}

/** How long a call that was well took, for the line of the diagnosis. */
export const callWords = (outcome: CallOutcome | undefined): string =>
  outcome?.is === 'done' ? `, called in ${lasting(outcome.lastedMs)}` : ''

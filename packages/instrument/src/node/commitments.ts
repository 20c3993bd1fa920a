import { VALUE_LIMITS } from '../event/index.js'
import { type CallReader, type CommittedValue, commitmentRules, ObjectExtraction } from '../mcp/index.js'
import { readers, type Vitals } from '../vitals/index.js'

/** So that the name of a value, with `arguments.` before it, is none that is too long, characters. */
const MAX_PATH_LENGTH = 118
/** Most servers whose values are read. */
const MAX_SERVERS = 1000

/** Throws RangeError for commitments that cannot be meant. */
export function checkCommitments(commitments: readonly CommittedValue[] = []): void {
  if (commitments.length <= VALUE_LIMITS.values && commitments.every(isCommittedValue)) return
  throw new RangeError(
    `commitments must be at most ${VALUE_LIMITS.values} values, such as { tool: "transfer", result: "balance" }`,
  )
}

function isCommittedValue({ tool, argument, result }: CommittedValue): boolean {
  const path = argument ?? result
  const isOne = (argument === undefined) !== (result === undefined)
  return isOne && isName(tool) && isName(path) && path.split('.').every((key) => key !== '')
}

function isName(text: unknown): text is string {
  return typeof text === 'string' && text !== '' && text.length <= MAX_PATH_LENGTH
}

/** Has these values read off the calls of all servers of this process, until the result is called. */
export function readValues(hub: Vitals, commitments: readonly CommittedValue[] = []): () => void {
  if (commitments.length === 0) return () => {}
  const known = new Map<string, CallReader | undefined>()
  const asked = readers<CallReader>(hub)
  asked.of = (server) => {
    if (!known.has(server) && known.size < MAX_SERVERS) {
      const rules = commitmentRules(commitments, server)
      known.set(server, rules && new ObjectExtraction(rules))
    }
    return known.get(server)
  }
  return () => {
    asked.of = undefined
  }
}

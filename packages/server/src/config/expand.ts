import { isGroup } from './client.js'

/** A reference that cannot be filled in. */
export interface ExpandProblem {
  readonly path: readonly string[]
  /** What is wrong, in words. Never the value around it, which may be a secret. */
  readonly message: string
}

/** Keys of entries whose value is filled in, and those whose every value is. */
const FILLED: ReadonlySet<string> = new Set([
  ...['url', 'endpoint', 'routingKey', 'serviceKey', 'username', 'password', 'authToken', 'token'],
])
const FILLED_GROUPS: ReadonlySet<string> = new Set(['env', 'headers'])

const REFERENCE = /\$\{(?:(input):([^}]*)|(?:env:)?([A-Za-z_]\w*)(?::-([^}]*))?)\}/g

/**
 * Fills `${NAME}`, `${env:NAME}` and `${NAME:-default}` into the values of `env` and `headers`, into addresses, and into the
 * keys and passwords of every server, provider, alert channel or receiver of pushes that is not disabled. Returns a copy; whatever has another shape is left for the schema to judge.
 */
export function expandEntries(
  entries: unknown,
  env: Readonly<Record<string, string | undefined>>,
): { readonly entries: unknown; readonly problems: readonly ExpandProblem[] } {
  if (!isGroup(entries)) return { entries, problems: [] }
  const problems: ExpandProblem[] = []
  const fill = (value: unknown, path: readonly string[]): unknown =>
    typeof value === 'string'
      ? value.replace(REFERENCE, (reference, input, id, name, fallback) => {
          const found = input ? undefined : (env[name] ?? fallback)
          if (found !== undefined) return found
          problems.push({ path, message: input ? asksPerson(id) : `${reference} is not set in the environment` })
          return reference
        })
      : value
  const fillAll = (values: unknown, path: readonly string[]): unknown =>
    isGroup(values) ? mapValues(values, (value, key) => fill(value, [...path, key])) : values
  const filled = mapValues(entries, (entry, name) => {
    if (!isGroup(entry) || entry.disabled === true) return entry
    return mapValues(entry, (value, key) => {
      if (FILLED.has(key)) return fill(value, [name, key])
      return FILLED_GROUPS.has(key) ? fillAll(value, [name, key]) : value
    })
  })
  return { entries: filled, problems }
}

function asksPerson(id: string): string {
  return `\${input:${id}} asks a person, which only an editor can do: write \${env:NAME} and set that variable`
}

function mapValues(
  group: Readonly<Record<string, unknown>>,
  change: (value: unknown, key: string) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(group).map(([key, value]) => [key, change(value, key)]))
}

import { isGroup } from './client.js'
import { configSchema, type SchemaNode } from './json-schema.js'

/**
 * The schema of what stands at a key path, or undefined where nothing may stand. Of a union, the branch that `values` mean by
 * a word such as `type`, else the first branch that has the key.
 */
export function schemaAt(
  path: readonly PropertyKey[],
  values?: unknown,
  node: SchemaNode = configSchema,
): SchemaNode | undefined {
  const meant = meantOf(node, values)
  const [key, ...rest] = path
  if (key === undefined) return meant
  const value = (values as Record<PropertyKey, unknown> | null | undefined)?.[key]
  for (const branch of meant.anyOf ?? [meant]) {
    const next = stepInto(branch, key)
    const found = next && schemaAt(rest, value, next)
    if (found) return found
  }
  return undefined
}

/** Of a union, the one branch whose words the value has; the union where none has, or there is no value. */
function meantOf(node: SchemaNode, value: unknown): SchemaNode {
  if (!node.anyOf || !isGroup(value)) return node
  const meant = node.anyOf.filter(({ properties = {} }) => {
    const words = Object.entries(properties).filter(([, { const: word }]) => word !== undefined)
    return words.length > 0 && words.every(([key, { const: word }]) => Object.hasOwn(value, key) && value[key] === word)
  })
  return meant.length === 1 ? meant[0]! : node
}

function stepInto(node: SchemaNode, key: PropertyKey): SchemaNode | undefined {
  if (typeof key === 'number') return node.items
  if (node.properties && Object.hasOwn(node.properties, key)) return node.properties[String(key)]
  return typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined
}

/** The keys that may stand in a group. */
export function keysOf(node: SchemaNode): readonly string[] {
  return [...new Set((node.anyOf ?? [node]).flatMap((branch) => Object.keys(branch.properties ?? {})))]
}

/** One option that takes a single value or a list: a row of the reference, a line of `config print`. */
export interface Option {
  readonly path: readonly string[]
  readonly node: SchemaNode
}

/** All options outside `servers`, in the order of the schema. */
export function optionsOf(node: SchemaNode = configSchema, path: readonly string[] = []): readonly Option[] {
  if (!node.properties) return node.additionalProperties === undefined && isSingle(node) ? [{ path, node }] : []
  return Object.entries(node.properties).flatMap(([key, child]) => optionsOf(child, [...path, key]))
}

/** Whether it takes one value or a list, of whichever type, and no group of keys. */
function isSingle({ anyOf = [] }: SchemaNode): boolean {
  return anyOf.every(({ properties }) => properties === undefined)
}

/** What an option wants, in words. */
export function expectedOf(node: SchemaNode): string {
  if (node.anyOf && isSingle(node)) return node.anyOf.map(expectedOf).join(', or ')
  if (node.anyOf) {
    const groups = node.anyOf.filter(({ properties }) => properties !== undefined)
    const words = node.anyOf.flatMap((branch) => (branch.const === undefined ? [] : [`, or ${branch.const}`]))
    return `a group of keys with ${groups.map(({ required = [] }) => quoted(required)).join(' or ')}${words.join('')}`
  }
  if (node.enum) return `one of ${node.enum.join(', ')}`
  if (node.const !== undefined) return JSON.stringify(node.const)
  if (node.form !== undefined) return node.form
  if (typeof node.type === 'object') return node.type.map((type) => expectedOf({ ...node, type })).join(', or ')
  switch (node.type) {
    case 'integer':
      return `a whole number${rangeOf(node)}`
    case 'number':
      return `a number${rangeOf(node)}`
    case 'null':
      return 'null'
    case 'boolean':
      return 'true or false'
    case 'array':
      return `a list, each entry ${node.items ? expectedOf(node.items) : 'anything'}`
    case 'object':
      return node.properties
        ? `a group of keys (${keysOf(node).join(', ')})`
        : `a map of names, each to ${typeof node.additionalProperties === 'object' ? expectedOf(node.additionalProperties) : 'anything'}`
    default:
      return node.format === 'uri' ? `an address that begins with ${schemesOf(node)}` : `text${lengthOf(node)}`
  }
}

/** How an address may begin: as its example does; what is not HTTP has one way. */
function schemesOf({ examples = [] }: SchemaNode): string {
  const scheme = /^[a-z]+:\/\//.exec(String(examples[0]))?.[0] ?? 'http://'
  return scheme.startsWith('http') ? 'http:// or https://' : scheme
}

function quoted(words: readonly string[]): string {
  return words.map((word) => `"${word}"`).join(' and ')
}

function rangeOf({ minimum, maximum }: SchemaNode): string {
  const bounded = (limit: number | undefined) => limit !== undefined && Math.abs(limit) < Number.MAX_SAFE_INTEGER
  if (bounded(minimum) && bounded(maximum)) return ` from ${minimum} to ${maximum}`
  if (bounded(minimum)) return ` of at least ${minimum}`
  return bounded(maximum) ? ` of at most ${maximum}` : ''
}

function lengthOf({ minLength, maxLength }: SchemaNode): string {
  if (maxLength !== undefined) return ` of ${minLength ?? 0} to ${maxLength} characters`
  return minLength ? ' that is not empty' : ''
}

/** A valid value: the option’s first example, else its default; undefined where it declares neither. */
export function exampleOf(node: SchemaNode): unknown {
  return node.examples?.[0] ?? node.default
}

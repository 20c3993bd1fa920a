import { z } from 'zod'
import { configOptions } from './options.js'

/**
 * The part of JSON Schema (2020-12) that our options use, plus `env`: the variable that sets the option, and `form`: what a
 * text must look like, in words.
 */
export interface SchemaNode {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly default?: unknown
  readonly examples?: readonly unknown[]
  readonly env?: string
  readonly form?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly format?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly propertyNames?: SchemaNode
  readonly additionalProperties?: SchemaNode | boolean
  readonly items?: SchemaNode
  readonly anyOf?: readonly SchemaNode[]
}

/**
 * JSON Schema of the product’s own configuration, for editors and for `config schema`. The command that is shipped has it
 * ready: to make it takes longer than to read a configuration.
 */
export const configSchema = {
  ...(z.toJSONSchema(configOptions, { io: 'input', override: withAnyOf }) as SchemaNode),
  title: 'mcp-vitals configuration',
}

/** A union told apart by a word is `oneOf`; what reads the schema needs only one form, and both mean the same here. */
function withAnyOf({ jsonSchema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.oneOf === undefined) return
  jsonSchema.anyOf = jsonSchema.oneOf
  delete jsonSchema.oneOf
}

import type { Command, Parameter } from './contract.js'

/** The part of JSON Schema that tools are described with. */
export interface InputSchema {
  readonly type: 'object'
  readonly properties: Readonly<Record<string, object>>
  readonly required?: string[]
  readonly additionalProperties: boolean | object
  readonly [key: string]: unknown
}

/** What an argument may be that becomes an option nothing is known of. */
const ANY_VALUE = {
  anyOf: [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }, { type: 'array' }, { type: 'object' }],
}

/** The schema of a command's arguments. */
export function inputSchemaOf({ parameters, isOpen }: Command): InputSchema {
  const required = parameters.filter(({ isRequired }) => isRequired).map(({ name }) => name)
  return {
    type: 'object',
    properties: Object.fromEntries(parameters.map((parameter) => [parameter.name, propertyOf(parameter)])),
    ...(required.length > 0 && { required }),
    additionalProperties: isOpen && ANY_VALUE,
  }
}

function propertyOf({ type, isList, description, choices, default: byDefault }: Parameter): object {
  const one = { ...(type !== 'json' && { type }), ...(choices && { enum: choices }) }
  return {
    ...(isList ? { type: 'array', items: one } : one),
    ...(description !== undefined && description !== '' && { description }),
    ...(byDefault !== undefined && { default: byDefault }),
  }
}

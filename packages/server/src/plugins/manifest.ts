import { z } from 'zod'
import type { Command, Parameter } from './contract.js'

/** Largest manifest, in bytes. */
export const MAX_MANIFEST_BYTES = 262_144

const text = z.string().max(4096)
const word = z.string().min(1).max(4096)
const key = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)

const parameter = z
  .strictObject({
    description: text.optional(),
    type: z.enum(['string', 'integer', 'number', 'boolean', 'json']).default('string'),
    list: z.boolean().default(false),
    required: z.boolean().default(false),
    choices: z.array(word).min(1).max(1000).optional(),
    default: z.union([z.string().max(4096), z.number(), z.boolean()]).optional(),
    /** Default: `--` and the key. */
    option: z
      .string()
      .regex(/^--?[A-Za-z0-9][\w-]*$/)
      .optional(),
    negation: z
      .string()
      .regex(/^--?[A-Za-z0-9][\w-]*$/)
      .optional(),
    /** The value has its place, in the order of the file, and no name. */
    place: z.boolean().default(false),
    /** The program reads the value on its standard input. */
    stdin: z.boolean().default(false),
    /** How the program takes a value; default: `=`, or `attached` for an option of one letter. */
    form: z.enum(['=', 'attached', 'apart']).optional(),
  })
  .refine(({ place, option, negation }) => !place || (option === undefined && negation === undefined), {
    message: 'what has a place has no option',
  })
  .refine(({ place, type }) => !place || type !== 'boolean', { message: 'what is true or false needs an option' })
  .refine(
    ({ stdin, place, option, negation, form, list }) =>
      !stdin || !(place || list || option !== undefined || negation !== undefined || form !== undefined),
    { message: 'what is read on standard input is one value, with no option, place or form' },
  )

const command = z.strictObject({
  description: text.optional(),
  /** Default: the command's name, with the groups that it is in. */
  words: z.array(word).max(16).optional(),
  /** Absent: every argument becomes an option. */
  parameters: z
    .record(key, parameter)
    .refine((all) => Object.values(all).filter(({ stdin }) => stdin).length <= 1, {
      message: 'has more than one that is read on standard input',
    })
    .optional(),
  priority: z.number().int().min(-100).max(100).default(0),
  timeoutMs: z.number().int().min(1).max(86_400_000).optional(),
})

const manifest = z.strictObject({
  /** Program and first arguments; default: the folder's `cli`. A path that begins with `./` counts from the folder. */
  program: z.array(word).min(1).max(64).optional(),
  concurrency: z.number().int().min(1).max(1000).optional(),
  maxWaiting: z.number().int().min(0).max(100_000).optional(),
  /** Absent: the help is asked. */
  commands: z
    .record(z.string().regex(/^(?=.{1,64}$)[A-Za-z0-9][\w:.-]*(?: [A-Za-z0-9][\w:.-]*)*$/), command)
    .refine((commands) => Object.keys(commands).length > 0, { message: 'names no command' })
    .optional(),
})

/** What a manifest says, in the place of what a help does. */
export interface Manifest {
  readonly program?: readonly string[]
  readonly concurrency?: number
  readonly maxWaiting?: number
  readonly commands?: readonly Command[]
}

/** Reads a `plugin.json`; a sentence where it is none. */
export function readManifest(source: string): Manifest | { readonly problem: string } {
  let value: unknown
  try {
    value = JSON.parse(source)
  } catch {
    return { problem: 'is no JSON' }
  }
  const result = manifest.safeParse(value)
  if (!result.success) {
    const [issue] = result.error.issues
    const where = issue!.path.map(String).join('.') || 'the whole'
    return { problem: `does not fit at ${where}: ${issue!.message}` }
  }
  const { program, concurrency, maxWaiting, commands } = result.data
  return {
    ...(program && { program }),
    ...(concurrency !== undefined && { concurrency }),
    ...(maxWaiting !== undefined && { maxWaiting }),
    ...(commands && { commands: Object.entries(commands).map(([name, entry]) => commandOf(name, entry)) }),
  }
}

function commandOf(name: string, entry: z.infer<typeof command>): Command {
  const { description, words, parameters, priority, timeoutMs } = entry
  return {
    name,
    ...(description !== undefined && { description }),
    words: words ?? name.split(' '),
    parameters: Object.entries(parameters ?? {}).map(([key, value]) => parameterOf(key, value)),
    isOpen: parameters === undefined,
    priority,
    ...(timeoutMs !== undefined && { timeoutMs }),
  }
}

function parameterOf(name: string, entry: z.infer<typeof parameter>): Parameter {
  const { description, type, list, required, choices, default: byDefault, negation, place, stdin, form } = entry
  const option = place || stdin ? undefined : (entry.option ?? `--${name}`)
  return {
    name,
    ...(description !== undefined && { description }),
    type,
    isList: list,
    isRequired: required,
    ...(choices && { choices }),
    ...(byDefault !== undefined && { default: byDefault }),
    ...(option !== undefined && { option }),
    ...(negation !== undefined && { negation }),
    ...(stdin && { isInput: true }),
    form: form ?? (option === undefined || option.startsWith('--') ? '=' : 'attached'),
  }
}

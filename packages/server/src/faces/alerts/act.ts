import { z } from 'zod'

const MAX_BODY_BYTES = 65_536
const MAX_SILENCE_MS = 366 * 86_400_000

const by = z
  .string()
  .regex(/^[^\p{Cc}]{1,64}$/u)
  .default('owner')
const comment = z
  .string()
  .regex(/^[^\p{Cc}]{0,1000}$/u)
  .default('')
const prefix = z.string().regex(/^[0-9a-f-]{1,36}$/, 'has to be the beginning of an id, such as 9f86d081')
const matcher = z
  .string()
  .regex(/^\s*[a-zA-Z_]\w*\s*(?:=~|!~|!=|=)/, 'has to be a label, then =, !=, =~ or !~, then "text"')
  .max(1000)

/** What people may do, as the body of a post. */
const act = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('acknowledge'), fingerprint: prefix, by, comment }),
  z.strictObject({ do: z.literal('unacknowledge'), fingerprint: prefix, by }),
  z.strictObject({
    do: z.literal('silence'),
    matchers: z.array(matcher).min(1).max(100),
    durationMs: z.int().min(1000).max(MAX_SILENCE_MS),
    by,
    comment,
  }),
  z.strictObject({ do: z.literal('unsilence'), id: prefix, by }),
  z.strictObject({ do: z.literal('test'), channel: z.string().min(1).max(64), by }),
])

export type ActOf = z.infer<typeof act>

/** Reads the act that a request asks for, or says in words what is wrong with it. */
export async function readAct(request: Request): Promise<ActOf | string> {
  // A form of a web page cannot have it, and a script of another origin was refused before.
  if (!/^application\/json\b/i.test(request.headers.get('content-type') ?? ''))
    return 'Content-Type has to be application/json.'
  const text = await bodyOf(request)
  if (text === undefined) return `The body is longer than ${MAX_BODY_BYTES} bytes.`
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return 'The body is no JSON. For example: {"do":"acknowledge","fingerprint":"9f86d081884c7d65","comment":"on it"}'
  }
  const read = act.safeParse(value)
  if (read.success) return read.data
  const [issue] = read.error.issues
  return `${issue?.path.map(String).join('.') || 'The body'}: ${issue?.message ?? 'is not valid'}. For example: {"do":"silence","matchers":["server=\\"notes\\""],"durationMs":3600000,"comment":"patches"}`
}

async function bodyOf(request: Request): Promise<string | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength
    if (size > MAX_BODY_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

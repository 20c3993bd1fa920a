import type { LineFields } from './lines.js'

/** Frames of a stack that are shown. */
const MAX_FRAMES = 10
/** Where our own code lies, in a checkout and in an installed package. */
const OURS = /[\\/](?:packages[\\/](?:server|instrument)|mcp-vitals|@mcp-vitals[\\/]\w+)[\\/]dist[\\/]/

/**
 * What may be told of any error: its class and code, and which of our own lines it passed. Its message may hold
 * anything (a path, an address, what a server said), so it is left out unless `hasMessage`.
 */
export function faultOf(
  error: unknown,
  hasMessage: boolean,
): { readonly message: string; readonly fields: LineFields } {
  if (!(error instanceof Error)) return { message: typeof error, fields: { error: typeof error } }
  const { code } = error as { code?: unknown }
  const known = typeof code === 'number' || (typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,63}$/.test(code))
  const name = /^\w{1,64}$/.test(error.name) ? error.name : 'Error'
  const text = known ? `${name} ${code}` : name
  const traceback = framesOf(error.stack ?? '')
  return {
    message: hasMessage ? `${text}: ${error.message}` : text,
    fields: { error: text, ...(traceback !== '' && { traceback }) },
  }
}

function framesOf(stack: string): string {
  return stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line) && OURS.test(line))
    .slice(0, MAX_FRAMES)
    .map((line) => line.trim().replace(/(?:file:\/\/)?[^\s(]*[\\/]dist[\\/]/, ''))
    .join('\n')
}

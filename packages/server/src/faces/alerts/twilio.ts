/** What the callback asks of the channels. */
export interface TwilioWord {
  /** Whether a callback to a channel is Twilio's own: the channels whose signature it is. */
  channelsOf(form: URLSearchParams, signature: string): readonly string[]
  /** What it says; undefined while the message is under way. */
  wordOf(form: URLSearchParams): { readonly receipt: string; readonly problem?: string } | undefined
  delivered(channel: string, receipt: string, problem: string | undefined): Promise<unknown>
}

const MAX_BODY_BYTES = 16_384

/** Where Twilio tells whether a message arrived. What is not signed by it changes nothing. */
export function createTwilioFace({
  channelsOf,
  wordOf,
  delivered,
}: TwilioWord): (request: Request) => Promise<Response> {
  return async (request) => {
    const length = Number(request.headers.get('content-length') ?? Number.POSITIVE_INFINITY)
    if (!(length <= MAX_BODY_BYTES)) return new Response(null, { status: 413 })
    const form = new URLSearchParams(await request.text())
    const channels = channelsOf(form, request.headers.get('x-twilio-signature') ?? '')
    if (channels.length === 0) return new Response(null, { status: 401 })
    const word = wordOf(form)
    if (word) for (const channel of channels) await delivered(channel, word.receipt, word.problem)
    return new Response(null, { status: 204 })
  }
}

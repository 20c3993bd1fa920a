import { Scale } from '../mcp/index.js'
import { isObject } from './shapes.js'

/** Values that are looked at to size any message: a call with a few arguments has fewer. Of a long array three elements. */
const GLANCE = { budget: 64, perArray: 3 }
/** Of one message in this many that a glance does not see as a whole, and of lists of tools, this much is looked at. */
const SAMPLED_ONE_IN = 64
const WHOLE = { budget: 100_000 }
/** Parts of a result's content that are looked at: of text, images and sounds only the lengths are. */
const MAX_PARTS = 1000
/** Characters around one part of a content: its braces, its type. */
const PART_FRAME = 24
const RESULT_FRAME = 60

/** Sizes the messages of a process. All sizes are estimates, since no message is written down for it. */
export class Sizer {
  readonly #scale = new Scale()
  #large = 0

  /**
   * About how many bytes a message takes, some elements of a long array standing for the whole of it; 0 where it has too much to
   * look at. One message in 64 of such is looked at as a whole.
   */
  of(message: unknown): number {
    const result = isObject(message) ? message.result : undefined
    if (!isObject(result)) return this.#glance(message)
    const { content, tools } = result
    if (Array.isArray(tools)) return this.#scale.weigh(message, WHOLE) ?? 0
    if (!Array.isArray(content)) return this.#glance(message)
    return this.#sizeOfContent(content, result.structuredContent)
  }

  #sizeOfContent(content: readonly unknown[], structured: unknown): number {
    let size = RESULT_FRAME
    if (structured !== undefined) {
      const weight = this.#glance(structured)
      if (weight === 0) return 0
      size += weight
    }
    if (content.length > MAX_PARTS) return 0
    for (let i = 0; i < content.length; i++) size += sizeOfPart(content[i])
    return size
  }

  #glance(value: unknown): number {
    const weight = this.#scale.weigh(value, GLANCE)
    if (this.#scale.whole || this.#large++ % SAMPLED_ONE_IN !== 0) return weight ?? 0
    return this.#scale.weigh(value, WHOLE) ?? weight ?? 0
  }
}

function sizeOfPart(part: unknown): number {
  if (!isObject(part)) return PART_FRAME
  const { text, data, resource } = part
  if (typeof text === 'string') return PART_FRAME + text.length
  if (typeof data === 'string') return PART_FRAME + data.length
  if (!isObject(resource)) return PART_FRAME
  const { text: inner, blob } = resource
  return 2 * PART_FRAME + (typeof inner === 'string' ? inner.length : typeof blob === 'string' ? blob.length : 0)
}

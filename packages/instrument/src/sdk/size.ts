import { weigh } from '../mcp/index.js'
import { isObject } from './shapes.js'

/** Values that are looked at to size any message: a call with a few arguments has fewer. */
const BUDGET = 32
/** Of one message in this many, and of lists of tools, all values up to the large budget are. */
const SAMPLED_ONE_IN = 64
const LARGE_BUDGET = 100_000
/** Parts of a result's content that are looked at: of text, images and sounds only the lengths are. */
const MAX_PARTS = 1000
/** Characters around one part of a content: its braces, its type. */
const PART_FRAME = 24
const RESULT_FRAME = 60

/** Sizes the messages of one side. */
export class Sizer {
  #large = 0

  /** About how many bytes a message takes; 0 where it has too much to look at and is none of the sample. */
  of(message: unknown): number {
    const result = isObject(message) ? message.result : undefined
    if (!isObject(result)) return weigh(message, BUDGET) ?? this.#sampled(message)
    const { content, tools } = result
    if (Array.isArray(tools)) return weigh(message, LARGE_BUDGET) ?? 0
    if (!Array.isArray(content)) return weigh(message, BUDGET) ?? this.#sampled(message)
    return this.#sizeOfContent(content, result.structuredContent)
  }

  #sizeOfContent(content: readonly unknown[], structured: unknown): number {
    let size = RESULT_FRAME
    if (structured !== undefined) {
      const weight = weigh(structured, BUDGET) ?? this.#sampled(structured)
      if (weight === 0) return 0
      size += weight
    }
    if (content.length > MAX_PARTS) return 0
    for (let i = 0; i < content.length; i++) size += sizeOfPart(content[i])
    return size
  }

  #sampled(value: unknown): number {
    return this.#large++ % SAMPLED_ONE_IN === 0 ? (weigh(value, LARGE_BUDGET) ?? 0) : 0
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

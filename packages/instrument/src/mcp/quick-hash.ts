const FNV_START = 0x811c9dc5
/** Multipliers of FNV-1a and of MurmurHash3, so that what is equal by one of them is not by the other. */
const FNV_PRIME = 0x01000193
const MURMUR = 0x85ebca6b

/** 32 bits of a text, by its UTF-16 units: FNV-1a, with `prime` as its multiplier. Tells texts apart that nobody made to be mixed up. */
export function quickHash(text: string, prime = FNV_PRIME): number {
  let hash = FNV_START
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), prime)
  return hash >>> 0
}

/** A text as a key: `=` and the text, or of one with more than `limit` units `#`, its length and two hashes. */
export function quickKey(text: string, limit: number): string {
  return text.length <= limit ? `=${text}` : `#${[text.length, quickHash(text), quickHash(text, MURMUR)]}`
}

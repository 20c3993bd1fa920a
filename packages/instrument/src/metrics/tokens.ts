/**
 * What a message costs a model's context, told from its size alone: nothing here sees a text. Every client frames tools
 * and results in its own way and every model cuts texts in its own, so that this can be an estimate only. The constants
 * are those that `bench/tokens.mjs` fits to answers of real servers; docs/context-cost.md says how far they are off.
 */

/** `frameBytes`: what is around the text and no model sees. `bytesPerToken`: how long a token is, on the average. */
interface Kind {
  readonly frameBytes: number
  readonly bytesPerToken: number
}

/** By kind of text: definitions of tools are JSON Schema and English, results are anything. */
export const TOKEN_KINDS = {
  tools: { frameBytes: 50, bytesPerToken: 6.5 },
  result: { frameBytes: 60, bytesPerToken: 6.1 },
} as const satisfies Readonly<Record<string, Kind>>

/** About how many tokens an answer of `sizeBytes` takes: a whole number, at least 1. */
export function estimateTokens(kind: keyof typeof TOKEN_KINDS, sizeBytes: number): number {
  const { frameBytes, bytesPerToken } = TOKEN_KINDS[kind]
  return Math.max(1, Math.round((sizeBytes - frameBytes) / bytesPerToken))
}

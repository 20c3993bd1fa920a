/** What every proof needs: its length, its seed, and a place for its figures. */
import { appendFileSync } from 'node:fs'

/** True under `npm run prove`: the proofs run at full length. */
export const PROVE = process.env.MCP_VITALS_PROVE === '1'

/** Seed of this run: `MCP_VITALS_PROVE_SEED`, which replays one; the short slices are always the same. */
const SEED = Number(process.env.MCP_VITALS_PROVE_SEED ?? 20260801)

/**
 * Numbers from 0 up to 1 that are the same for the same seed (mulberry32). Prints the seed, for a replay. Where several
 * things happen side by side each has numbers of its own, by its `share`: 0 for the first, 1, 2, ….
 */
export function seeded(proof: string, share = 0): () => number {
  if (share === 0) process.stdout.write(`${proof}: MCP_VITALS_PROVE_SEED=${SEED}\n`)
  let state = SEED + share
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A whole number from `from` up to and including `to`. */
export function between(random: () => number, from: number, to: number): number {
  return from + Math.floor(random() * (to - from + 1))
}

/** One of the choices. */
export function oneOf<T>(random: () => number, choices: readonly [T, ...T[]]): T {
  return choices[Math.floor(random() * choices.length)] as T
}

/** Adds a figure to the results of the long run, and prints it. */
export function record(proof: string, figure: string, value: number | string, unit = ''): void {
  process.stdout.write(`${proof}: ${figure}: ${value} ${unit}\n`)
  const file = process.env.MCP_VITALS_PROVE_RESULTS
  if (PROVE && file) appendFileSync(file, `${JSON.stringify({ proof, figure, value, unit })}\n`)
}

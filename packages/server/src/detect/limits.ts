/** Calls before a tool's usual is known well enough to say that something is not. */
export const LEAST_CALLS = 30

/** At best one false alarm of one sum in so many calls. */
const RAREST = 1e9
/** While little is known: one in so many times the calls known. The sum of all these chances over a tool's life stays small. */
const RARITY_PER_CALL = 1000

/** One false alarm in how many calls is allowed, after `known` calls of history. */
export function rarity(known: number): number {
  return Math.min(RAREST, RARITY_PER_CALL * known)
}

/**
 * Where a CUSUM of standard normal values with reference `k` has to stop so that without a change it stops once in
 * `calls` on average: Siegmund's approximation (Sequential Analysis, 1985), solved for the limit with its exponential alone.
 */
export function cusumLimit(k: number, calls: number): number {
  return Math.log(2 * k * k * calls) / (2 * k) - 1.166
}

/** What every benchmark shares: candidates are run in turns, so that a busy machine slows all of them alike. */

/**
 * Status of a benchmark that measured everything, and found something that is not as asked. It says so among its figures, which are
 * recorded all the same: a page with good news alone would be none.
 */
export const MISSED = 3

/** The middle one of some numbers. */
export const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]

/**
 * Runs each candidate (`name → run(operations)`) `rounds` times, interleaved, and returns the median nanoseconds of
 * one operation for each.
 */
export function measure(candidates, { operations, rounds = 15 }) {
  const taken = Object.fromEntries(Object.keys(candidates).map((name) => [name, []]))
  for (const run of Object.values(candidates)) run(operations)
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of Object.entries(candidates)) {
      const start = process.hrtime.bigint()
      run(operations)
      taken[name].push(Number(process.hrtime.bigint() - start) / operations)
    }
  }
  return Object.fromEntries(Object.entries(taken).map(([name, values]) => [name, median(values)]))
}

/** Prints medians as a table, with the ratio of each to the `base` candidate. */
export function report(title, medians, { base, unit = 'ns', per = 'operation' }) {
  console.log(`\n${title} (median ${unit} per ${per})`)
  const width = Math.max(...Object.keys(medians).map((name) => name.length))
  for (const [name, value] of Object.entries(medians))
    console.log(`  ${name.padEnd(width)}  ${value.toFixed(1).padStart(9)}  ${(value / medians[base]).toFixed(2)}x`)
}

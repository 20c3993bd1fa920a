/** The reference of PromQL: the subset, from the tables of the engine, and the outcome of Prometheus's own tests. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runSuite, SKIPS, sumOf } from '../promql/suite.mjs'

const TYPES = { vector: 'instant vector', matrix: 'range vector', scalar: 'scalar', string: 'string' }

export function promqlPage(engine) {
  return [
    '# PromQL',
    '',
    '<!-- Written by scripts/docs.mjs from packages/server/src/promql and a run of test/data/promqltest. -->',
    '',
    readFileSync(join(import.meta.dirname, 'promql-introduction.md'), 'utf8').trim(),
    ...language(engine),
    ...refused(engine),
    ...limits(engine),
    ...differences(),
    ...proof(),
    '',
  ].join('\n')
}

const words = (list) => list.map((word) => `\`${word}\``).join(', ')

function language({ AGGREGATIONS, ARITHMETIC, COMPARISONS, FUNCTIONS, SETS }) {
  const rows = Object.entries(FUNCTIONS).map(([name, { args, optional = 0, variadic, returns }]) => {
    const taken = args.map((arg, index) => `${TYPES[arg]}${index >= args.length - optional ? '?' : ''}`)
    return `| \`${name}\` | ${taken.join(', ')}${variadic ? ' …' : ''} | ${TYPES[returns]} |`
  })
  return [
    '',
    '## What there is',
    '',
    'Selectors with `=`, `!=`, `=~` and `!~`; `offset` (also negative), `@` with a time, `start()` or `end()`; ranges;',
    'subqueries; numbers, durations and strings in all their forms; comments.',
    '',
    `- Operators: ${words(ARITHMETIC)}; ${words(COMPARISONS)}, with \`bool\`; ${words(SETS)}.`,
    '- Matching: `on`, `ignoring`, `group_left`, `group_right`, with labels to include.',
    `- Aggregations, with \`by\` or \`without\`: ${words(AGGREGATIONS)}.`,
    '- Functions (`?`: may be left out):',
    '',
    '| function | takes | gives |',
    '| --- | --- | --- |',
    ...rows,
  ]
}

function refused({ REFUSED }) {
  return [
    '',
    '## What is refused',
    '',
    'Native histograms, and what Prometheus itself calls experimental: there a rule would need a flag too. The error is',
    '`PROMQL_UNSUPPORTED`, and says what follows here.',
    '',
    '| name | what it is | instead |',
    '| --- | --- | --- |',
    ...Object.entries(REFUSED).map(([name, { what, instead }]) => `| \`${name}\` | ${what} | ${instead} |`),
    '',
    'So are arithmetic of durations (`[5m + 1m]`), `anchored`, `smoothed`, `fill`, and the operators `</` and `>/`.',
  ]
}

function limits({ DEFAULT_LIMITS, DEFAULT_PARSE_OPTIONS }) {
  const count = (number) => number.toLocaleString('en')
  const { maxSamples, maxSeries, maxSteps, timeoutMs } = DEFAULT_LIMITS
  const { maxLength, maxDepth, lookbackMs, subqueryStepMs } = DEFAULT_PARSE_OPTIONS
  return [
    '',
    '## Limits',
    '',
    'An expression comes from outside, so all that it may cost is bounded. A query that needs more ends with `PROMQL_LIMIT`',
    'or `PROMQL_TIMEOUT`.',
    '',
    '| what | default |',
    '| --- | --- |',
    `| characters of an expression | ${count(maxLength)} |`,
    `| levels of an expression | ${count(maxDepth)} |`,
    `| samples read, and values made on the way | ${count(maxSamples)} |`,
    `| series that a selector finds, or that any part has | ${count(maxSeries)} |`,
    `| steps of a range query, or of a subquery | ${count(maxSteps)} |`,
    `| time of a query | ${count(timeoutMs)} ms |`,
    `| look-back | ${count(lookbackMs)} ms |`,
    `| step of a subquery that names none | ${count(subqueryStepMs)} ms |`,
    '',
    'A pattern may have 1,000 characters, and its repetitions written out 10,000 (words with `|` between them may be as',
    'many as there is room for). A label that a query makes may have 10,000 characters. An answer has 50 remarks of each',
    'kind at most, and an expression 100 powers.',
  ]
}

function differences() {
  return [
    '',
    '## Where it differs',
    '',
    '- The words `offset`, `on`, `ignoring`, `bool`, `group_left`, `group_right`, `inf` and `nan` cannot name a metric by',
    '  themselves: write `{__name__="offset"}`.',
    '- Where `topk` or `bottomk` has to choose between equal values, it takes the series that came first.',
    '- Functions of the calendar give NaN for what is no time of it, such as NaN.',
    '- A pattern of `label_replace` that is no pattern is refused when the expression is read.',
    '- Errors say the same in words of our own.',
  ]
}

function proof() {
  const outcomes = runSuite()
  const { passed, failed, skipped } = sumOf(outcomes)
  const reasons = Object.keys(SKIPS)
  const cells = (one) => [one.passed, one.failed.length, ...reasons.map((reason) => one.skipped[reason])].join(' | ')
  return [
    '',
    '## How it is proved',
    '',
    `Prometheus's own tests of PromQL: ${passed} cases pass, ${failed.length} fail. Each case at one time is asked as a range`,
    'query as well. A case is skipped for one of these reasons and for no other:',
    '',
    ...reasons.map((reason) => `- ${reason}: ${SKIPS[reason]}.`),
    '',
    `| file | passed | failed | ${reasons.map((reason) => `skipped: ${reason}`).join(' | ')} |`,
    `| --- | --- | --- | ${reasons.map(() => '---').join(' | ')} |`,
    ...outcomes.map((one) => `| \`${one.file}\` | ${cells(one)} |`),
    `| all | ${cells({ passed, failed, skipped })} |`,
    '',
    "Beside them, random queries over random series are put to Debian's Prometheus 2.42 too, some hundreds with each change",
    'and thousands with `npm run prove` ([proofs](../proofs.md)); and so are texts with a word too many or too few, which both',
    'have to read or to refuse. Ranges end off the samples there, as 2.42 has ranges that are closed on the left.',
  ]
}

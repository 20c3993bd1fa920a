/** Reads Prometheus's test scripts: `load`, `clear` and `eval` with what they expect. */
import { formatLabels, parseDuration, parseSeriesNotation } from '../../packages/server/dist/promql/index.js'

/** What may stand before the expectations that have a line of their own. */
const EXPECT = /^expect\s+(fail|warn|no_warn|info|no_info|ordered|string|range vector)\b\s*(.*)$/
const EVAL =
  /^eval(?:_(fail|warn|info|ordered))?\s+(?:instant\s+at\s+(\S+)|range\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+))\s+(.*)$/s

const ms = (text) => {
  const durationMs = parseDuration(text) ?? Number(text) * 1000
  if (Number.isNaN(durationMs)) throw new Error(`${text} is no duration`)
  return durationMs
}

/** The commands of a script, each with its line. A script that cannot be read whole throws. */
export function readScript(text) {
  const commands = []
  for (const block of blocksOf(text)) {
    const [{ line, text: head }, ...rest] = block
    const [word] = head.split(/\s+/)
    if (word === 'clear') commands.push({ kind: 'clear', line })
    else if (word === 'load' || word === 'load_with_nhcb') commands.push(loadOf(head, rest, line))
    else if (word.startsWith('eval')) commands.push(evalOf(head, rest, line))
    else throw new Error(`line ${line}: ${word} is no command`)
  }
  return commands
}

/** A command begins at a line that begins with its word; what follows it is indented, or empty. */
function blocksOf(text) {
  const blocks = []
  text.split('\n').forEach((raw, index) => {
    const line = { line: index + 1, text: raw.trim() }
    if (line.text === '' || line.text.startsWith('#')) return
    if (/^(clear|load|eval)/.test(raw)) blocks.push([line])
    else if (blocks.length > 0) blocks.at(-1).push(line)
    else throw new Error(`line ${line.line}: there is no command before it`)
  })
  return blocks
}

function loadOf(head, rest, line) {
  const [word, interval] = head.split(/\s+/)
  const series = rest.map(({ text }) => seriesOf(text))
  return { kind: 'load', line, intervalMs: ms(interval), series, withNative: word === 'load_with_nhcb' }
}

const NATIVE = /\{\{[^}]*\}\}(?:[+-]\{\{[^}]*\}\})?(?:x\d+)?/g

/** A series and its values; where some are native histograms, it says so and has none for them. */
function seriesOf(text) {
  const plain = text.replace(NATIVE, '_')
  return { ...parseSeriesNotation(plain), isNative: plain !== text }
}

function evalOf(head, rest, line) {
  const match = EVAL.exec(head)
  if (match === null) throw new Error(`line ${line}: ${head} is no evaluation`)
  const [, expects, at, start, end, step, expr] = match
  const times = at === undefined ? { startMs: ms(start), endMs: ms(end), stepMs: ms(step) } : { atMs: ms(at) }
  const command = { kind: 'eval', line, expr, times, expected: [], expects: {} }
  if (expects !== undefined) command.expects[expects] = ''
  for (const { text } of rest) {
    const [, what, detail] = EXPECT.exec(text) ?? []
    if (what !== undefined) command.expects[what] = detail
    else command.expected.push(text)
  }
  return command
}

/** The range that `expect range vector` names. */
export function expectedRange(detail) {
  const [, start, end, step] = /^from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)$/.exec(detail)
  return { startMs: ms(start), endMs: ms(end), stepMs: ms(step) }
}

/** What the lines below an evaluation say: one number, or series by their labels. */
export function expectedOf(lines) {
  if (lines.length === 1 && !/[{\s]/.test(lines[0])) return { scalar: parseSeriesNotation(`{} ${lines[0]}`).values[0] }
  return { series: lines.map((text) => ({ key: formatLabels(seriesOf(text).labels), values: seriesOf(text).values })) }
}

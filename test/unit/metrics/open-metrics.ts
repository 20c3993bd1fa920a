/**
 * A strict reader of OpenMetrics 1.0 (https://prometheus.io/docs/specs/om/open_metrics_spec/), written from the
 * specification and sharing nothing with the writer. Throws on everything that the specification forbids: a family whose
 * lines do not stand together, metadata out of place, samples of a wrong suffix, an exemplar where none may be, buckets
 * that fall, a text without `# EOF`.
 */
export interface OpenSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  readonly exemplar?: { readonly labels: Readonly<Record<string, string>>; readonly value: number; readonly at: number }
}

export interface OpenFamily {
  readonly name: string
  readonly type: string
  readonly unit: string | undefined
  readonly samples: readonly OpenSample[]
}

/** Type → the suffixes that its samples may have. */
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: ['_total'],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
}
const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const NUMBER = '[+-]?(?:\\d+(?:\\.\\d*)?(?:e[+-]?\\d+)?|Inf)|NaN'
const LABELS = '\\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\"n])*",?)*)\\}'
const SAMPLE = new RegExp(`^(${NAME})(?:${LABELS})? (${NUMBER})(?: # ${LABELS} (${NUMBER}) (${NUMBER}))?$`)

export function readOpenMetrics(text: string): readonly OpenFamily[] {
  if (!text.endsWith('\n# EOF\n') && text !== '# EOF\n') throw new Error('the text must end with # EOF')
  const lines = text.split('\n').slice(0, -2)
  const families: OpenFamily[] = []
  const names = new Set<string>()
  let at = 0
  while (at < lines.length) {
    const family = readFamily(lines, at)
    if (names.has(family.name)) throw new Error(`the family ${family.name} stands in two places`)
    names.add(family.name)
    checkFamily(family)
    families.push(family)
    at += family.lines
  }
  return families
}

function readFamily(lines: readonly string[], from: number): OpenFamily & { readonly lines: number } {
  const metadata = new Map<string, string>()
  const samples: OpenSample[] = []
  let name: string | undefined
  let at = from
  for (; at < lines.length; at++) {
    const line = lines[at]!
    const [, kind, of, rest] = /^# (HELP|TYPE|UNIT) (\S+) ?(.*)$/.exec(line) ?? []
    if (kind === undefined) {
      samples.push(readSample(line))
      continue
    }
    name ??= of
    if (of !== name || samples.length > 0) break
    if (metadata.has(kind)) throw new Error(`two times ${kind} of ${name}`)
    metadata.set(kind, rest!)
  }
  if (name === undefined) throw new Error(`samples without metadata: ${lines[from]}`)
  return { name, type: metadata.get('TYPE') ?? 'unknown', unit: metadata.get('UNIT'), samples, lines: at - from }
}

function readSample(line: string): OpenSample {
  const [, name, labels, value, theirs, exemplar, at] = SAMPLE.exec(line) ?? []
  if (name === undefined) throw new Error(`no sample: ${line}`)
  const sample = { name, labels: readLabels(labels ?? ''), value: readNumber(value!) }
  if (exemplar === undefined) return sample
  const of = readLabels(theirs!)
  if (Object.entries(of).flat().join('').length > 128) throw new Error(`exemplar too long: ${line}`)
  return { ...sample, exemplar: { labels: of, value: readNumber(exemplar), at: readNumber(at!) } }
}

function readLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {}
  for (const [, name, value] of text.matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g)) {
    if (name! in labels) throw new Error(`label twice: ${text}`)
    labels[name!] = value!.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped))
  }
  return labels
}

function readNumber(text: string): number {
  return text.endsWith('Inf') ? (text.startsWith('-') ? -Infinity : Infinity) : Number(text)
}

function checkFamily({ name, type, unit, samples }: OpenFamily): void {
  if (unit !== undefined && !name.endsWith(`_${unit}`)) throw new Error(`${name} does not end in its unit ${unit}`)
  const suffixes = SUFFIXES[type]
  if (!suffixes) throw new Error(`${name} is of the type ${type}`)
  const seen = new Set<string>()
  for (const sample of samples) {
    const suffix = suffixes.find((each) => sample.name === name + each)
    if (suffix === undefined) throw new Error(`${sample.name} is no sample of the ${type} ${name}`)
    const id = JSON.stringify([sample.name, Object.entries(sample.labels).sort()])
    if (seen.has(id)) throw new Error(`twice: ${id}`)
    seen.add(id)
    if (sample.exemplar && suffix !== '_total' && suffix !== '_bucket') throw new Error(`an exemplar on ${sample.name}`)
    if (suffix === '_bucket' && !/^(\d+\.\d+|\+Inf|\d+(\.\d+)?e[+-]?\d+)$/.test(sample.labels.le ?? ''))
      throw new Error(`le="${sample.labels.le}" is no canonical number`)
    if (type === 'counter' && !(sample.value >= 0)) throw new Error(`the counter ${sample.name} is ${sample.value}`)
  }
  if (type === 'histogram') checkBuckets(name, samples)
}

function checkBuckets(name: string, samples: readonly OpenSample[]): void {
  const bySeries = new Map<string, { counts: number[]; last: string; count: number | undefined }>()
  for (const { name: sample, labels, value, exemplar } of samples) {
    const { le, ...rest } = labels
    const key = JSON.stringify(Object.entries(rest).sort())
    const series = bySeries.get(key) ?? { counts: [], last: '', count: undefined }
    bySeries.set(key, series)
    if (sample.endsWith('_bucket')) {
      if (value < (series.counts.at(-1) ?? 0)) throw new Error(`the buckets of ${name}${key} fall`)
      if (exemplar && exemplar.value > (le === '+Inf' ? Infinity : Number(le)))
        throw new Error(`an exemplar of ${name}${key} is above its bucket`)
      series.counts.push(value)
      series.last = le!
    }
    if (sample.endsWith('_count')) series.count = value
  }
  for (const [key, { counts, last, count }] of bySeries)
    if (last !== '+Inf' || counts.at(-1) !== count) throw new Error(`${name}${key} has no whole count`)
}

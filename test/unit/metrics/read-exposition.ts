/** One sample line, read back. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/**
 * A small reader of the Prometheus text format, written from the format's description and sharing nothing with the
 * writer. Throws on any line that it cannot read, and on a sample that appears twice.
 */
export function readExposition(text: string): readonly Sample[] {
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line must end with a line feed')
  const samples: Sample[] = []
  const seen = new Set<string>()
  for (const line of text.split('\n')) {
    if (line === '' || /^# (HELP|TYPE) /.test(line)) continue
    const sample = readSample(line)
    const id = JSON.stringify([sample.name, Object.entries(sample.labels).sort()])
    if (seen.has(id)) throw new Error(`twice: ${line}`)
    seen.add(id)
    samples.push(sample)
  }
  return samples
}

function readSample(line: string): Sample {
  const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line)?.[0]
  if (!name) throw new Error(`no name: ${line}`)
  let at = name.length
  const labels: Record<string, string> = {}
  if (line[at] === '{') {
    at++
    while (line[at] !== '}') {
      const label = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)",?/.exec(line.slice(at))
      if (!label) throw new Error(`no label at ${at}: ${line}`)
      labels[label[1]!] = label[2]!.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped))
      at += label[0].length
    }
    at++
  }
  const value = /^ (\S+)$/.exec(line.slice(at))?.[1]
  if (value === undefined) throw new Error(`no value: ${line}`)
  return { name, labels, value: readNumber(value) }
}

function readNumber(text: string): number {
  if (text === '+Inf' || text === '-Inf') return text === '+Inf' ? Infinity : -Infinity
  if (text !== 'NaN' && !Number.isFinite(Number(text))) throw new Error(`no number: ${text}`)
  return Number(text)
}

/** The value of the one sample with this name and at least these labels; undefined where there is none. */
export function sampleValue(
  text: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const found = readExposition(text).filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  )
  if (found.length > 1) throw new Error(`${found.length} samples of ${name} fit ${JSON.stringify(labels)}`)
  return found[0]?.value
}

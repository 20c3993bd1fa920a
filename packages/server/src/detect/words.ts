import type { Finding, Signal } from './finding.js'

const UNITS = [
  { ms: 86_400_000, word: 'd' },
  { ms: 3_600_000, word: 'h' },
  { ms: 60_000, word: 'min' },
  { ms: 1000, word: 's' },
] as const

/** Two or three digits that count: 0.42, 4.2, 42, 420. */
function figure(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(2)))
}

function time(ms: number): string {
  const unit = UNITS.find((each) => ms >= each.ms)
  return unit ? `${figure(ms / unit.ms)} ${unit.word}` : `${figure(ms)} ms`
}

function size(bytes: number): string {
  if (bytes >= 1_000_000) return `${figure(bytes / 1_000_000)} MB`
  return bytes >= 1000 ? `${figure(bytes / 1000)} kB` : `${figure(bytes)} B`
}

const percent = (share: number) => `${figure(share * 100)} %`

interface Wording {
  /** What was expected. */
  usual(finding: Finding): string
  /** What came. */
  seen(finding: Finding): string
}

const WORDINGS: Record<Signal, Wording> = {
  latency: {
    usual: ({ usual }) => `calls take about ${time(usual)}`,
    seen: ({ seen, calls }) => `the last ${calls} took about ${time(seen)}`,
  },
  errors: {
    usual: ({ usual }) => `${percent(usual)} of calls fail`,
    seen: ({ seen, calls }) => `${percent(seen)} of the last ${calls} failed`,
  },
  rate: {
    usual: ({ usual }) => `calls come about ${time(usual)} apart`,
    seen: ({ seen, calls }) => `the last ${calls} came about ${time(seen)} apart`,
  },
  silence: {
    usual: ({ usual }) => `calls come at most ${time(usual)} apart`,
    seen: ({ seen }) => `there was none for ${time(seen)}`,
  },
  volume: {
    usual: ({ usual }) => `${figure(usual)} calls come in five minutes at this time`,
    seen: ({ seen }) => `there are about ${figure(seen)}`,
  },
  size: {
    usual: ({ usual }) => `results have about ${size(usual)}`,
    seen: ({ seen, calls }) => `the last ${calls} had about ${size(seen)}`,
  },
}

/** A finding as a sentence: what was expected, and what came. */
export function describe(finding: Finding): string {
  const { usual, seen } = WORDINGS[finding.signal]
  switch (finding.stage) {
    case 'found':
      return `usually ${usual(finding)}; ${seen(finding)}`
    case 'worse':
      return `usually ${usual(finding)}; now ${seen(finding)}, which is far out`
    case 'over':
      return `again ${usual(finding)}`
    case 'adopted':
      return `for long now ${seen(finding)}: this is taken as the usual from now on`
  }
}

/** How far a job is, as it says by a line on its standard error: `{"progress": 3, "total": 10, "message": "three of ten"}`. */
export interface Progress {
  readonly progress: number
  readonly total?: number
  readonly message?: string
}

/** Longest line that may tell of progress, in bytes. */
const MAX_LINE_BYTES = 8192
const NEWLINE = 10

/** Takes the lines that tell of progress out of a standard error. Returns what is left of each piece. */
export function createProgressReader(onProgress: (progress: Progress) => void): (bytes: Buffer) => Buffer {
  let line: Buffer = Buffer.alloc(0)
  let newest = Number.NEGATIVE_INFINITY
  return (bytes) => {
    const kept: Buffer[] = []
    let from = 0
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, from)) {
      const whole = Buffer.concat([line, bytes.subarray(from, at + 1)])
      line = Buffer.alloc(0)
      from = at + 1
      const progress = whole.length <= MAX_LINE_BYTES ? progressIn(whole) : undefined
      if (progress === undefined) kept.push(whole)
      // Clients take progress that grows alone.
      else if (progress.progress > newest) {
        newest = progress.progress
        onProgress(progress)
      }
    }
    line = Buffer.concat([line, bytes.subarray(from)])
    // What is no line of ours any more need not be held.
    if (line.length > MAX_LINE_BYTES || !/^\s*(?:\{|$)/.test(line.subarray(0, 64).toString('latin1'))) {
      kept.push(line)
      line = Buffer.alloc(0)
    }
    return Buffer.concat(kept)
  }
}

function progressIn(line: Buffer): Progress | undefined {
  if (!line.includes('"progress"')) return undefined
  try {
    const { progress, total, message } = JSON.parse(line.toString('utf8')) as Record<string, unknown>
    if (typeof progress !== 'number' || !Number.isFinite(progress)) return undefined
    return {
      progress,
      ...(typeof total === 'number' && Number.isFinite(total) && { total }),
      ...(typeof message === 'string' && { message }),
    }
  } catch {
    return undefined
  }
}

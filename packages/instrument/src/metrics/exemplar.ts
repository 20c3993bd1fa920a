/** One observation that stands for its bucket or its count: the trace in which it was made. */
export interface Exemplar {
  /** W3C trace id, 32 hexadecimal digits. */
  readonly traceId: string
  /** What was observed, in the metric's unit; by how much a counter rose. */
  readonly value: number
  /** Milliseconds since 1970. */
  readonly at: number
}

/** Where an observation was made, as far as an exemplar needs it. */
export interface Occasion {
  readonly at: number
  readonly traceId?: string | undefined
}

/** The exemplar of an observation; undefined where no valid trace id is known. */
export function exemplarOf(value: number, occasion: Occasion | undefined): Exemplar | undefined {
  const traceId = occasion?.traceId
  if (traceId === undefined || !isTraceId(traceId)) return undefined
  return { traceId, value, at: (occasion as Occasion).at }
}

/** One request moves many metrics: the newest id that was found to be one is not looked at again. */
let newest = ''

/** All zeros is W3C's "no trace". */
function isTraceId(text: string): boolean {
  if (text === newest) return true
  if (!/^[0-9a-f]{32}$/.test(text) || /^0+$/.test(text)) return false
  newest = text
  return true
}

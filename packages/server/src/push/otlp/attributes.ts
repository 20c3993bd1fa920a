/** The values of OTLP's JSON, as https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding has them. */
export interface Attribute {
  readonly key: string
  readonly value:
    | { readonly stringValue: string }
    | { readonly intValue: string }
    | { readonly doubleValue: number }
    | { readonly boolValue: boolean }
}

/** Attributes of a record; what is absent or empty is none. */
export function attributesOf(
  record: Readonly<Record<string, string | number | boolean | undefined>>,
): readonly Attribute[] {
  const found: Attribute[] = []
  for (const [key, value] of Object.entries(record)) {
    if (value === undefined || value === '') continue
    if (typeof value === 'string') found.push({ key, value: { stringValue: value } })
    else if (typeof value === 'boolean') found.push({ key, value: { boolValue: value } })
    else if (Number.isSafeInteger(value)) found.push({ key, value: { intValue: String(value) } })
    else if (Number.isFinite(value)) found.push({ key, value: { doubleValue: value } })
  }
  return found
}

/** A number as protobuf's JSON has it: what JSON has no number for is a word. */
export function numberOf(value: number): number | 'NaN' | 'Infinity' | '-Infinity' {
  if (Number.isFinite(value)) return value
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'
}

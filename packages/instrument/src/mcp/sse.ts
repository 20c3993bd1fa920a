import { type Findings, markSkipper, type Reader, report } from './readers.js'
import { Skimmer } from './skim.js'

const LF = 0x0a
const CR = 0x0d
const COLON = 0x3a
const SPACE = 0x20
const NEWLINE = Uint8Array.of(LF)
/** Longest field or event name that is looked at: longer ones are nobody's. */
const MAX_NAME_LENGTH = 16

enum At {
  FieldName,
  /** After the colon: one space is skipped. */
  ValueStart,
  Value,
}

/**
 * A stream of server-sent events (WHATWG HTML, 9.2). The data of `message` events, and of those without a name, is
 * JSON; that of others is not looked at. An event that the end cuts off is reported and gives no message.
 */
export function createEventReader(findings: Findings): Reader {
  const reader = new EventReader(findings)
  const skipMark = markSkipper()
  return { feed: (chunk) => reader.feed(chunk, skipMark(chunk)), end: () => reader.end() }
}

class EventReader {
  readonly #findings: Findings
  readonly #skimmer: Skimmer
  #at: At = At.FieldName
  #field = ''
  #lineIsEmpty = true
  #event = ''
  /** Data lines that the current event has had. */
  #dataLines = 0
  #afterReturn = false

  constructor(findings: Findings) {
    this.#findings = findings
    this.#skimmer = new Skimmer(findings.onHead, findings.tree)
  }

  feed(chunk: Uint8Array, start: number): void {
    let from = start
    let returnAt = chunk.indexOf(CR, from)
    while (from < chunk.length) {
      if (this.#afterReturn) {
        this.#afterReturn = false
        if (chunk[from] === LF) {
          from++
          continue
        }
      }
      if (returnAt >= 0 && returnAt < from) returnAt = chunk.indexOf(CR, from)
      const feedAt = chunk.indexOf(LF, from)
      const lineEnd = returnAt >= 0 && (feedAt < 0 || returnAt < feedAt) ? returnAt : feedAt
      this.#line(chunk, from, lineEnd < 0 ? chunk.length : lineEnd)
      if (lineEnd < 0) return
      this.#lineEnded()
      this.#afterReturn = chunk[lineEnd] === CR
      from = lineEnd + 1
    }
  }

  end(): void {
    const sizeBytes = this.#skimmer.sizeBytes
    const isJson = this.#dataLines > 0 && this.#carriesJson() && this.#skimmer.hasValue
    this.#skimmer.discard()
    if (isJson) report(this.#findings, 'cut_off', sizeBytes)
  }

  /** Takes a piece of a line. */
  #line(chunk: Uint8Array, from: number, to: number): void {
    let at = from
    if (at < to) this.#lineIsEmpty = false
    if (this.#at === At.FieldName) {
      for (; at < to && chunk[at] !== COLON; at++) this.#addToField(chunk[at]!)
      if (at === to) return
      at++
      this.#valueStarts()
    }
    if (this.#at === At.ValueStart && at < to) {
      this.#at = At.Value
      if (chunk[at] === SPACE) at++
    }
    if (at >= to) return
    if (this.#field === 'data') {
      if (this.#carriesJson()) this.#skimmer.feed(chunk, at, to)
    } else if (this.#field === 'event') {
      for (; at < to && this.#event.length < MAX_NAME_LENGTH; at++) this.#event += String.fromCharCode(chunk[at]!)
    }
  }

  #addToField(c: number): void {
    if (this.#field.length < MAX_NAME_LENGTH) this.#field += String.fromCharCode(c)
  }

  #valueStarts(): void {
    this.#at = At.ValueStart
    if (this.#field === 'event') this.#event = ''
    if (this.#field !== 'data') return
    if (this.#dataLines > 0 && this.#carriesJson()) this.#skimmer.feed(NEWLINE)
    this.#dataLines++
  }

  #lineEnded(): void {
    if (this.#lineIsEmpty) this.#dispatch()
    // A field name without a colon is a field with an empty value.
    else if (this.#at === At.FieldName) this.#valueStarts()
    this.#at = At.FieldName
    this.#field = ''
    this.#lineIsEmpty = true
  }

  #dispatch(): void {
    const sizeBytes = this.#skimmer.sizeBytes
    if (this.#dataLines > 0 && this.#carriesJson()) report(this.#findings, this.#skimmer.finish(), sizeBytes)
    else this.#skimmer.discard()
    this.#event = ''
    this.#dataLines = 0
  }

  #carriesJson(): boolean {
    return this.#event === '' || this.#event === 'message'
  }
}

import type { Head } from './head.js'
import { type Ending, Skimmer } from './skim.js'
import { ALLOWED, type Tree } from './trie.js'

const NEWLINE = 0x0a
/** How far a line break is looked for byte by byte. */
const NEAR_BYTES = 256
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf] as const

/** Takes bytes as they pass. Never throws, keeps no reference to a chunk, and holds a bounded amount whatever comes. */
export interface Reader {
  /** The next bytes, cut anywhere. */
  feed(chunk: Uint8Array): void
  /** The end of the bytes. What was begun and not finished is reported. */
  end(): void
}

/** A reader of lines, which takes a part of what is given: `chunk[from, to)`, all of it where left out. */
export interface LineReader extends Reader {
  feed(chunk: Uint8Array, from?: number, to?: number): void
}

/** Why a document gave no messages. */
export type Fault = 'invalid_json' | 'too_deep' | 'cut_off'

/** What a reader takes, and whom it tells. */
export interface Findings {
  /** In place of the allow-list alone. */
  readonly tree?: Tree | undefined
  onHead(head: Head): void
  onFault(reason: Fault, sizeBytes: number): void
}

/** Bytes of a line that is no JSON after which it is told before its end, which may never come. 1 MiB. */
export const LONG_JUNK_BYTES = 1_048_576

/**
 * Newline-delimited JSON (stdio). CRLF and blank lines are tolerated; after bad JSON it goes on at the next newline. A line of
 * bad JSON that is longer than `LONG_JUNK_BYTES` is told twice: those bytes as they are there, and the rest at its end.
 */
export function createLineReader(findings: Findings): LineReader {
  const skimmer = new Skimmer(findings.onHead, findings.tree)

  let toldBytes = 0

  function tellLong(): void {
    const { fault } = skimmer
    if (fault === undefined || toldBytes > 0 || skimmer.sizeBytes <= LONG_JUNK_BYTES) return
    toldBytes = LONG_JUNK_BYTES
    findings.onFault(fault, toldBytes)
  }

  function finish(atNewline: boolean): void {
    tellLong()
    const sizeBytes = skimmer.sizeBytes - toldBytes
    toldBytes = 0
    const ending = skimmer.finish()
    report(findings, ending === 'cut_off' && atNewline ? 'invalid_json' : ending, sizeBytes)
  }

  return {
    feed(chunk, from = 0, to = chunk.length) {
      let begin = from
      for (let at = newlineIn(chunk, begin, to); at >= 0; at = newlineIn(chunk, begin, to)) {
        skimmer.feed(chunk, begin, at)
        finish(true)
        begin = at + 1
      }
      if (begin < to) skimmer.feed(chunk, begin, to)
      tellLong()
    },
    end: () => finish(false),
  }
}

/** The place of the first line break in `chunk[from, to)`; -1 where there is none. */
function newlineIn(chunk: Uint8Array, from: number, to: number): number {
  // Mostly it is near, and to ask for it costs more than to look.
  const near = Math.min(to, from + NEAR_BYTES)
  for (let at = from; at < near; at++) if (chunk[at] === NEWLINE) return at
  if (near === to) return -1
  const at = chunk.indexOf(NEWLINE, near)
  return at < to ? at : -1
}

/** One JSON message or batch (an HTTP body). An empty body is none; a byte order mark is skipped. */
export function createBodyReader(findings: Findings): Reader {
  return new BodyReader(findings)
}

/** What reads a body, kept for the next one: making it anew for each costs a tenth of what a call does. */
interface Skim {
  readonly skimmer: Skimmer
  findings: Findings | undefined
}

/** Most that are kept for one tree. */
const MAX_IDLE = 64
const idle = new WeakMap<Tree, Skim[]>()

function idleFor(tree: Tree): Skim[] {
  const known = idle.get(tree)
  if (known) return known
  const made: Skim[] = []
  idle.set(tree, made)
  return made
}

function beginSkim(findings: Findings): Skim {
  const { tree = ALLOWED } = findings
  const kept = idleFor(tree).pop()
  if (kept) {
    kept.findings = findings
    return kept
  }
  const made: Skim = { skimmer: new Skimmer((head) => made.findings?.onHead(head), tree), findings }
  return made
}

class BodyReader implements Reader {
  readonly #findings: Findings
  readonly #skipMark = markSkipper()
  #skim: Skim | undefined

  constructor(findings: Findings) {
    this.#findings = findings
  }

  feed(chunk: Uint8Array): void {
    this.#skim ??= beginSkim(this.#findings)
    this.#skim.skimmer.feed(chunk, this.#skipMark(chunk))
  }

  end(): void {
    const skim = this.#skim
    if (!skim) return
    this.#skim = undefined
    const sizeBytes = skim.skimmer.sizeBytes
    const ending = skim.skimmer.finish()
    skim.findings = undefined
    const { tree = ALLOWED } = this.#findings
    const kept = idleFor(tree)
    if (kept.length < MAX_IDLE) kept.push(skim)
    report(this.#findings, ending, sizeBytes)
  }
}

/** Tells a fault of an ending that is one. */
export function report(findings: Findings, ending: Ending, sizeBytes: number): void {
  if (ending !== 'whole' && ending !== 'empty') findings.onFault(ending, sizeBytes)
}

/** For each chunk in turn, where its text begins: after the byte order mark at the very start. */
export function markSkipper(): (chunk: Uint8Array) => number {
  let matched = 0
  return (chunk) => {
    let at = 0
    while (matched < 3 && at < chunk.length) {
      if (chunk[at] !== BYTE_ORDER_MARK[matched]) matched = 3
      else {
        matched++
        at++
      }
    }
    return at
  }
}

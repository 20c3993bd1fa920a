import { type CallReader, CallReading, type ExtractionRules, waysOf } from './call-reading.js'
import { type Captured, PATHS, type Path } from './paths.js'
import { compile, type Tree } from './trie.js'

/** Reads values off tool calls where a configuration names them. Make one for a server: it compiles what is read. */
export class Extraction implements CallReader {
  readonly #rules: ExtractionRules
  readonly tree: Tree

  constructor(rules: ExtractionRules) {
    this.#rules = rules
    const paths: Record<string, Path> = { ...PATHS }
    for (const { name, path, limit } of waysOf(rules.wanted)) paths[name] = { path, take: 'value', limit }
    this.tree = compile(paths)
  }

  begin(tool: string, asked: Captured): CallReading | undefined {
    const places = this.#rules.placesOf(tool)
    return places && new CallReading(this.#rules, places, asked)
  }
}

/** Most names that are remembered, of all servers together. */
const MAX_NAMES = 10_000

/** The tools or prompts of one server, by the method that names them. */
export type ServerNames = Readonly<Record<string, Set<string> | undefined>>

/** The tools and prompts that servers themselves named, or ran: a caller who makes names up adds no name of a span. */
export class VouchedNames {
  readonly #servers = new Map<string, ServerNames>()
  #size = 0

  /** Those of a server, the same object always. Beyond 10,000 servers each connection's are its own. */
  of(server: string): ServerNames {
    const known = this.#servers.get(server)
    if (known) return known
    const made: ServerNames = { 'tools/call': new Set(), 'prompts/get': new Set() }
    if (this.#servers.size < MAX_NAMES) this.#servers.set(server, made)
    return made
  }

  add(names: Set<string> | undefined, name: string): void {
    if (!names || names.has(name) || this.#size >= MAX_NAMES) return
    names.add(name)
    this.#size++
  }
}

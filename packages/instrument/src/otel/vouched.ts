/** Most names that are remembered, of all servers together. */
const MAX_NAMES = 10_000

/** The tools and prompts that servers themselves named, or ran: a caller who makes names up adds no name of a span. */
export class VouchedNames {
  readonly #names = new Set<string>()

  has(server: string, method: string, name: string): boolean {
    return this.#names.has(keyOf(server, method, name))
  }

  add(server: string, method: string, name: string): void {
    if (this.#names.size < MAX_NAMES) this.#names.add(keyOf(server, method, name))
  }
}

function keyOf(server: string, method: string, name: string): string {
  return `${server}\n${method}\n${name}`
}

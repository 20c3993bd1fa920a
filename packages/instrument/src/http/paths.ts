/** Addresses that MCP servers have by custom: known before anybody asked. */
const USUAL = ['/', '/mcp', '/sse', '/message', '/messages', '/health', '/health/ready', '/ready', '/metrics']
/** Most paths that are told apart where no framework says what the route is. */
const MAX_PATHS = 100
const UNKNOWN = 'unknown'
const OTHER = 'other'
/** Segments that are no names: numbers, ids of hexadecimal digits, and whatever is long or holds what names do not. */
const ID = /^(\d+|[0-9a-f-]{8,}|.{33,}|.*[^\w.~-].*|(?=.*\d)(?=.*[A-Za-z])[\w-]{16,})$/i

/** Which path an exchange is told under: the framework's route, else one out of a bounded list. */
export class Paths {
  readonly #known: Set<string>

  /** `given`: paths that are known besides the usual ones. */
  constructor(given: readonly string[]) {
    this.#known = new Set([...USUAL, ...given])
  }

  /**
   * A path becomes known once it is answered well; until then it is `unknown`: whoever tries names out fills nothing.
   * Beyond the bound all are `other`.
   */
  of(path: string, route: string | undefined, status: number): string {
    if (route !== undefined) return route.slice(0, 128)
    if (this.#known.has(path)) return path.slice(0, 128)
    const named = path
      .split('/')
      .map((segment) => (ID.test(segment) ? ':id' : segment))
      .join('/')
      .slice(0, 128)
    if (this.#known.has(named)) return named
    if (status >= 400) return UNKNOWN
    if (this.#known.size >= MAX_PATHS) return OTHER
    this.#known.add(named)
    return named
  }
}

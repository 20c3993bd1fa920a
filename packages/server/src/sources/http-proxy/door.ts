/** What the gateway asks of the doors of a server. They are decided elsewhere, at once and from memory. */
export interface Door {
  admit(arrival: {
    /** The other end of the connection. */
    readonly remote: string | undefined
    readonly forwardedFor: string | undefined
    /** Each value of the key header. */
    readonly keys: readonly string[]
    /** Path and query, as sent. */
    readonly url: string
    /** The other headers, names and values. */
    readonly headers: readonly string[]
  }): Pass | DoorRefusal
}

/** Why a request or a message does not pass. */
export interface DoorRefusal {
  readonly status: number
  readonly code: number
  readonly message: string
  readonly data?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** A client that was let in, for one request. */
export interface Pass {
  /** Tells those who hold keys apart; undefined where none is asked for. */
  readonly holder: string | undefined
  /** What events call the client. */
  readonly agent: string | undefined
  /** False once he may no longer go on with what he was let in for. */
  holds(): boolean
  /** Largest body, in bytes; undefined where the gateway's own bound holds. */
  readonly maxRequestBytes: number | undefined
  /** Whether the body must be read before it passes. */
  readonly readsRequest: boolean
  /** Whether answers that list tools must be read. */
  readonly readsTools: boolean
  admit(message: {
    readonly kind: 'request' | 'notification' | 'response'
    readonly method: string | undefined
    readonly name: unknown
    readonly arguments: unknown
  }): DoorRefusal | undefined
  /** Has those of the admitted calls written down that must be first; the refusal of all, or undefined when they may go on. */
  written(): Promise<DoorRefusal | undefined> | undefined
  /** The tools of one page that the client may see. */
  visible<T extends { readonly name?: unknown }>(tools: readonly T[]): readonly T[]
  /** Tells of a body that was too large. */
  tooLarge(): void
  /** Headers of the answer, whoever gives it, beside its own. */
  headers(): Readonly<Record<string, string>>
}

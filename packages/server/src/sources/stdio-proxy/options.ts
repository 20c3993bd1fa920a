/** Times of the stdio proxy. Constants, since a wrap takes no configuration file. All in milliseconds. */
export const PROXY_TIMES = {
  /** After the client is gone: from the end of the server’s input to SIGTERM, and from there to SIGKILL. */
  graceMs: 2_000,
  /**
   * After the client ended the input without being seen to go: how long a server that owes no answer may stay silent
   * before it counts as left behind.
   */
  silentMs: 10_000,
  /** How often a client that ended the input is looked at. */
  watchMs: 500,
  /** After the server’s exit: how long its output may pause where something it started holds the pipe. */
  lastOutputMs: 500,
} as const

/** Overridable in tests. */
export type ProxyTimes = { readonly [K in keyof typeof PROXY_TIMES]: number }

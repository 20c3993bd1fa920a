/**
 * Every error that a person can meet, in one place: what was wrong (with the bad value), a valid example, and the next
 * step. `{name}` stands for a value given by the thrower. docs/reference/errors.md is made from this table.
 */
export const ERRORS = {
  PORT_IN_USE: {
    message: 'Port {port} on {host} is in use{holder}.',
    example: 'mcp-vitals up --port 9465',
    next: 'Stop the program that holds the port, or choose another with --port or `listen.port`.',
  },
  DATA_DIR_LOCKED: {
    message: 'The state directory {dir} is in use by another mcp-vitals daemon{holder}.',
    example: 'MCP_VITALS_DATA=~/.mcp-vitals-second mcp-vitals up',
    next: 'Use the daemon that runs, stop it, or give this one a state directory of its own.',
  },
  CONFIG_NOT_FOUND: {
    message: 'There is no configuration file {file}.',
    example: 'mcp-vitals up --config mcp-vitals.yaml',
    next: 'Check the path given with --config; it counts from the directory in which you type the command.',
  },
  CONFIG_UNREADABLE: {
    message: 'The configuration file {file} cannot be read: {reason}.',
    example: 'mcp-vitals config check --config mcp-vitals.yaml',
    next: 'Name a text file of at most 1 MiB (YAML or JSON, UTF-8) that this user may read.',
  },
  CONFIG_INVALID: {
    message: 'The configuration is not valid:{problems}',
    example: '{ "servers": { "notes": { "command": "npx", "args": ["-y", "@modelcontextprotocol/server-memory"] } } }',
    next: 'Mend the places named above and see with "mcp-vitals config check"; docs/reference/config.md tells every option.',
  },
  HOST_NOT_LOOPBACK: {
    message: 'Listening on {host} is refused: whoever reaches that address could use your servers.',
    example: 'mcp-vitals up --host 127.0.0.1',
    next: 'Use 127.0.0.1, localhost or ::1; to reach the daemon from another machine, take an SSH tunnel.',
  },
} as const satisfies Record<string, ErrorEntry>

interface ErrorEntry {
  readonly message: string
  readonly example: string
  readonly next: string
}

export type ErrorCode = keyof typeof ERRORS
type Placeholders<M extends string> = M extends `${string}{${infer P}}${infer Rest}` ? P | Placeholders<Rest> : never
/** The values that an error's message needs. */
export type ErrorValues<C extends ErrorCode> = Readonly<
  Record<Placeholders<(typeof ERRORS)[C]['message']>, string | number>
>

import { AUDIT_ERRORS, type ErrorEntry } from './registry-audit.js'

/**
 * Every error that a person can meet, in one place: what was wrong (with the bad value), a valid example, and the next
 * step. `{name}` stands for a value given by the thrower. docs/reference/errors.md is made from this table.
 */
export const ERRORS = {
  PORT_IN_USE: {
    message: 'Port {port} on {host} is in use{holder}.',
    example: 'mcp-vitals up --port 9465',
    next: 'Stop the program that holds the port, or choose another with --port or `listen.port`; the port of a metrics server of its own with METRICS_PORT or `metrics.port`.',
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
  HOST_UNGUARDED: {
    message: 'Listening on {host} is refused, as other machines reach it: there is no {missing}.',
    example: 'MCP_VITALS_KEYS=true MCP_VITALS_ADMIN_TOKEN=$(openssl rand -hex 32) mcp-vitals up --host 0.0.0.0',
    next: 'Add what is named, and make a key for each client with "mcp-vitals keys create"; or listen on 127.0.0.1.',
  },
  PASSWORD_UNFIT: {
    message: 'The password {reason}.',
    example: 'openssl rand -base64 18 | tee /dev/stderr | mcp-vitals users hash',
    next: 'Choose a longer one, and put what is printed into `dashboard.users` as `passwordHash`.',
  },
  DATA_DIR_UNUSABLE: {
    message: 'The state directory {dir} cannot be used: {reason}.',
    example: 'MCP_VITALS_DATA=/var/lib/mcp-vitals mcp-vitals up',
    next: 'Make it a directory that this user may write, free some space, or name another with MCP_VITALS_DATA.',
  },
  DATA_DIR_INSECURE: {
    message: '{path} is open to other users (mode {mode}).',
    example: 'chmod 700 ~/.local/state/mcp-vitals',
    next: 'Take the rights of others away (directory 700, files 600), after a look at whether somebody used them.',
  },
  STORE_SCHEMA_NEWER: {
    message: 'The database {file} has schema {found}; this mcp-vitals knows schemas up to {known}.',
    example: 'npx mcp-vitals@latest up',
    next: 'Use the newer mcp-vitals that wrote it, or give this one a state directory of its own.',
  },
  STORE_CORRUPT: {
    message: 'The event store {file} is damaged ({reason}). It was moved to {moved}, and a new one was begun.',
    example: 'sqlite3 events.db.corrupt-20260801T120000Z .recover',
    next: 'Check the disk. What the old file still holds can be read with SQLite’s own tools, or put a backup in its place.',
  },
  STORE_FAILED: {
    message: 'The event store {file} could not {action}: {reason}.',
    example: 'df -h ~/.local/state/mcp-vitals',
    next: 'Free some space or mend the disk. The store tries again by itself.',
  },
  STORE_BUSY: {
    message: 'The event store has {waitingBytes} bytes waiting, its limit: {rows} events were refused.',
    example: 'iostat -x 1',
    next: 'Look for a slow disk or another program that holds the database. A sender sends its events again.',
  },
  AGENT_TOOL_UNKNOWN: {
    message: 'There is no tool {name} that has to be allowed; there is {known}.',
    example: 'mcp-vitals mcp --allow ack_alert',
    next: 'Name one of these. All others only read, and are offered anyway.',
  },
  EXPORT_TARGET_UNKNOWN: {
    message: 'There is nothing to export for {name}; there is {known}.',
    example: 'mcp-vitals export prometheus --out deploy',
    next: 'Name one of these; docs/export.md tells what each of them writes.',
  },
  EXPORT_OUT_NEEDED: {
    message: 'What {target} needs are {count} files, and no folder is named for them.',
    example: 'mcp-vitals export prometheus --out deploy',
    next: 'Name a folder with --out; it is made where it is not there.',
  },
  EXPORT_WOULD_OVERWRITE: {
    message: 'These files are there already, with another content, and nothing was written:{files}',
    example: 'mcp-vitals export all --out deploy --force',
    next: 'Name another folder with --out and compare, or overwrite them with --force.',
  },
  EXPORT_OTHER_RULES: {
    message:
      'These files, which stay as they are, name other rule files than this configuration has ({rules}), and nothing was written:{files}',
    example: 'mcp-vitals export all --out deploy --force',
    next: 'Write all targets together, export to another folder, or name what was added by hand under rules.files.',
  },
  EXPORT_FAILED: {
    message: 'The files could not be written below {folder}: {reason}.',
    example: 'mcp-vitals export prometheus --out deploy',
    next: 'Name a folder that this user may write to, or one that is not there yet, with --out.',
  },
  BACKUP_FAILED: {
    message: 'The backup to {file} could not be made: {reason}.',
    example: 'mcp-vitals backup /var/backups/mcp-vitals-2026-08-01',
    next: 'Name a file that does not exist yet, in a directory that this user may write, with room for the whole store.',
  },
  SERVER_NOT_FOUND: {
    message: 'The server {server} could not be started: there is no command {command} (or no such `cwd`).',
    example: '{ "mcpServers": { "notes": { "command": "/usr/local/bin/notes-server" } } }',
    next: 'Install the command, or write its whole path in the configuration: the daemon’s PATH may not be your shell’s.',
  },
  SERVER_NOT_STARTED: {
    message: 'The server {server} could not be started: the system refused to run {command}.',
    example: 'chmod +x /usr/local/bin/notes-server',
    next: 'Make the file executable, or name the interpreter as `command` and the file in `args`.',
  },
  SERVER_ENDED: {
    message: 'The server {server} ended before it answered ({how}).',
    example: 'npx -y @modelcontextprotocol/server-memory',
    next: 'Run its command in a terminal to see what it says; a new session starts it again.',
  },
  SERVER_HELD_BACK: {
    message:
      'The server {server} failed {failures} times one after another; it is started again in {seconds} s at the earliest.',
    example: '{ "gateway": { "restartMaxDelayMs": 10000 } }',
    next: 'Try again after that time, or mend what the last failure tells of.',
  },
  SERVER_SILENT: {
    message: 'The server {server} did not answer `initialize` within {seconds} s, and was ended.',
    example: '{ "gateway": { "startTimeoutMs": 120000 } }',
    next: 'Check that the command is an MCP server that speaks over stdio; give a slow one more time.',
  },
  SERVER_UNRESPONSIVE: {
    message: 'The server {server} gave no answer within {seconds} s.',
    example: 'npx -y @modelcontextprotocol/server-memory',
    next: 'Check that its command speaks MCP over standard input and output, or that its `url` is its MCP endpoint.',
  },
  ANSWER_TOO_LONG: {
    message: 'The server {server} gave an answer of more than {limitBytes} bytes, which was dropped.',
    example: '{ "gateway": { "maxBodyBytes": 52428800 } }',
    next: 'Ask the server for less at a time, or raise `gateway.maxBodyBytes`.',
  },
  TOO_MANY_CHILDREN: {
    message: 'The server {server} was not started: {limit} server processes run already.',
    example: '{ "gateway": { "maxChildren": 64 } }',
    next: 'Close sessions that are not used, or raise `gateway.maxChildren`.',
  },
  UPSTREAM_UNREACHABLE: {
    message: 'The server {server} could not be reached at its address: {reason}.',
    example: 'curl -i http://127.0.0.1:3001/mcp',
    next: 'Check that the server runs and that `url` in the configuration is its MCP endpoint.',
  },
  UPSTREAM_UNTRUSTED: {
    message: 'The server {server} was not asked, as its certificate is not trusted: {reason}.',
    example: 'NODE_EXTRA_CA_CERTS=/etc/ssl/our-authority.pem mcp-vitals up',
    next: 'Name the authority that signed it in NODE_EXTRA_CA_CERTS and start again, or have the server show a valid one.',
  },
  ENDPOINT_REFUSED: {
    message: 'The server {server} announced an address for messages that is not used: {reason}.',
    example: '{ "servers": { "notes": { "url": "http://127.0.0.1:3001/sse", "transport": "sse" } } }',
    next: 'Write `url` with the scheme, host and port that the server announces, or have it announce a path alone.',
  },
  UPSTREAM_BROKEN_OFF: {
    message: 'The server {server} closed the connection before it answered: {reason}.',
    example: 'curl -i http://127.0.0.1:3001/mcp',
    next: 'The request may have been carried out: look at what the server logged before you send it again.',
  },
  UPSTREAM_UNREADABLE: {
    message: 'The answer of the server {server} cannot be passed on: {reason}.',
    example: 'curl -i http://127.0.0.1:3001/mcp',
    next: 'The request may have been carried out. Look at what the server sends, and at what stands between it and here.',
  },
  UPSTREAM_SILENT: {
    message: 'The server {server} did not take the request, or did not begin its answer, within {seconds} s.',
    example: '{ "gateway": { "responseTimeoutMs": 600000 } }',
    next: 'Look whether the server hangs; give calls that take long more time with `gateway.responseTimeoutMs`.',
  },
  COMMAND_NOT_FOUND: {
    message: 'The server’s command {command} was not found.',
    example: 'mcp-vitals wrap -- npx -y @modelcontextprotocol/server-memory',
    next: 'Write its whole path: the PATH of a client started from a desktop is often shorter than that of a terminal.',
  },
  COMMAND_NOT_EXECUTABLE: {
    message: 'The server’s command {command} cannot be executed.',
    example: 'mcp-vitals wrap -- node /srv/notes/server.js',
    next: 'Make the file executable (chmod +x), or name its interpreter before it.',
  },
  KEYS_UNREADABLE: {
    message: 'The keys in {file} cannot be used: {reason}. Until then no key opens anything.',
    example: 'chmod 600 ~/.local/state/mcp-vitals/doors/keys.json',
    next: 'Give the file to the daemon’s user alone, or remove it and make new keys with "mcp-vitals keys create".',
  },
  KEY_NOT_FOUND: {
    message: 'There is no key with the id {id}.',
    example: 'mcp-vitals keys revoke 0f3a9c1b22d4',
    next: 'See the ids with "mcp-vitals keys list"; name the state directory of the daemon with --data.',
  },
  KEY_OPTION_INVALID: {
    message: 'The option {option} is {value}, which is not valid; expected: {expected}.',
    example: 'mcp-vitals keys create --agent reporter --server notes --tools "read_*" --expires 90d',
    next: 'Mend the option; "mcp-vitals keys create --help" tells what each one takes.',
  },
  WRAP_WITHOUT_COMMAND: {
    message: 'No command stands after "--", so there is nothing to wrap.',
    example: 'mcp-vitals wrap --name notes -- npx -y @modelcontextprotocol/server-memory',
    next: 'Write "--" and then the server’s command with its arguments, as the client had it.',
  },
  INSTALL_UNKNOWN_CLIENT: {
    message: 'There is no client {client} that install knows.',
    example: 'mcp-vitals install cursor vscode',
    next: '"mcp-vitals status" lists the clients and the names to give.',
  },
  INSTALL_UNCONFIRMED: {
    message: 'Nothing was changed, since nobody is at the keyboard to say yes. To do it, type: {line}',
    example: 'mcp-vitals install --yes',
    next: 'Read above what would change first.',
  },
  INSTALL_INCOMPLETE: {
    message: 'Not everything could be changed: {count} of the files above are as they were.',
    example: 'mcp-vitals status',
    next: 'Mend what stands beside each file and run the same command again: what is done already is left alone.',
  },
  CLIENT_FILE_UNREADABLE: {
    message: '{file} cannot be read: {reason}.',
    example: 'ls -l ~/.cursor/mcp.json',
    next: 'Make it a file that this user may read. It was left alone.',
  },
  CLIENT_FILE_MALFORMED: {
    message: '{file}:{line}:{column}: {reason}.',
    example:
      '{ "mcpServers": { "notes": { "command": "npx", "args": ["-y", "@modelcontextprotocol/server-memory"] } } }',
    next: 'Mend the file at that place. It was left alone.',
  },
  CLIENT_FILE_STRANGE: {
    message: '{file} has a form that cannot be changed with nothing else changing.',
    example: 'mcp-vitals wrap --name notes -- npx -y @modelcontextprotocol/server-memory',
    next: 'Put the wrap in front of its servers by hand. It was left alone.',
  },
  CLIENT_FILE_CHANGED: {
    message: '{file} was changed by another program since it was read; it was left alone.',
    example: 'mcp-vitals install',
    next: 'Close the client that writes it, and run the command again.',
  },
  CLIENT_FILE_UNWRITABLE: {
    message: '{file} could not be written: {reason}. It is as it was.',
    example: 'ls -ld ~/.cursor',
    next: 'Make the directory one that this user may write, or free some space, and run the command again.',
  },
  PROMQL_INVALID: {
    message: 'The PromQL expression is not valid (line {line}, column {column}): {problem}.',
    example: 'sum by (tool) (rate(mcp_tool_calls_total{status="error"}[5m])) > 0.05',
    next: 'Mend the expression at that place; docs/reference/promql.md tells what is understood.',
  },
  PROMQL_UNSUPPORTED: {
    message:
      'The PromQL expression asks for {feature} (line {line}, column {column}), which this engine does not have: {instead}.',
    example: 'histogram_quantile(0.95, sum by (le) (rate(mcp_request_duration_seconds_bucket[5m])))',
    next: 'Say it with what docs/reference/promql.md lists, or ask a Prometheus that reads the same metrics.',
  },
  PROMQL_FAILED: {
    message: 'The PromQL expression could not be evaluated (line {line}, column {column}): {problem}.',
    example: 'mcp_tool_calls_total * on (server) group_left () mcp_server_up',
    next: 'Look at the series of both sides one by one: their labels must say which belongs to which.',
  },
  PROMQL_LIMIT: {
    message: 'The PromQL query was ended (line {line}, column {column}): it needs more than {limit} {what}.',
    example: 'sum by (tool) (rate(mcp_tool_calls_total{server="memory"}[5m]))',
    next: 'Ask for fewer series by matchers, for a shorter time, or for a longer step.',
  },
  PROMQL_TIMEOUT: {
    message: 'The PromQL query was ended after {timeoutMs} ms, its limit (at line {line}, column {column}).',
    example: 'sum by (tool) (rate(mcp_tool_calls_total{server="memory"}[5m]))',
    next: 'Ask for fewer series by matchers, for a shorter time, or for a longer step.',
  },
  AUDIT_FAILED: {
    message: 'The audit log {store} could not {action}: {reason}.',
    example: 'df -h ~/.local/state/mcp-vitals',
    next: 'Free some space, mend the disk or reach the database. The log tries again by itself, and looks at what is there before it goes on.',
  },
  AUDIT_BUSY: {
    message: 'The audit log has {waitingRows} rows waiting, its limit: {rows} more were refused.',
    example: 'iostat -x 1',
    next: 'Look for a slow disk or database. What was refused is not in the log; who brought it may bring it again.',
  },
  AUDIT_DAMAGED: {
    message: 'The audit log {store} is not as it was written, from row {seq} on, which a checkpoint covers: {reason}.',
    example: 'mcp-vitals audit verify',
    next: 'Keep a copy as evidence and find out who or what did it. Then move it away, or put a backup in its place; nothing is written behind it until then.',
  },
  AUDIT_REPAIRED: {
    message:
      'The audit log {store} had {rows} unreadable rows at its end ({reason}). They were cut off from row {seq} on; the old file is {moved}.',
    example: 'mcp-vitals audit verify',
    next: 'Check the disk. A row LOG_REPAIRED tells of the cut; what the old file still holds can be read with SQLite’s own tools.',
  },
  RULES_INVALID: {
    message: 'The rule file {file} is not valid:{problems}',
    example:
      'groups: [{ name: mine, rules: [{ alert: ToolsGone, expr: "mcp_tool_availability == 0", for: 5m, labels: { severity: warning } }] }]',
    next: 'Mend the places named above and see with "mcp-vitals rules check"; docs/reference/rules.md tells what is understood.',
  },
  RULES_UNREADABLE: {
    message: 'The rule file {file} cannot be read: {reason}.',
    example: 'mcp-vitals rules check my-rules.yml',
    next: 'Name a text file of at most 1 MiB that this user may read; the path counts from the directory in which you type.',
  },
  SERIES_UNREADABLE: {
    message: 'A block of samples on disk could not be read, and is left out: {reason}.',
    example: 'mcp-vitals query up --range 6h',
    next: 'Nothing has to be done: samples since then are there. Where it comes again, check the disk.',
  },
  QUERY_INVALID: {
    message: 'The query’s {parameter} is not valid: {problem}.',
    example:
      'curl "http://127.0.0.1:9464/api/v1/query_range?query=up&start=2026-01-01T00:00:00Z&end=2026-01-01T06:00:00Z&step=1m"',
    next: 'Give it as docs/reference/query-api.md says.',
  },
  QUERY_REFUSED: {
    message: '{reason}',
    example: "mcp-vitals query 'sum by (tool) (rate(mcp_tool_calls_total[5m]))' --range 6h",
    next: 'Mend what is named; docs/reference/promql.md tells what is understood.',
  },
  NOTHING_TO_CHECK: {
    message: 'There is nothing to check: {file} names no server and no component.',
    example: 'mcp-vitals check http://127.0.0.1:3001/mcp',
    next: 'Name a configuration with --config, the address of a server, or its command after --.',
  },
  CHECK_OPTION_INVALID: {
    message: '{option} cannot be used as it stands: {problem}.',
    example: 'mcp-vitals check --interval 300',
    next: 'See mcp-vitals check --help.',
  },
  DOCTOR_OPTION_INVALID: {
    message: '{option} cannot be used as it stands: {problem}.',
    example: `mcp-vitals doctor --call search --args '{"query":"ping"}'`,
    next: 'See mcp-vitals doctor --help.',
  },
  DAEMON_NOT_FOUND: {
    message: 'No daemon runs with the state directory {dir}.',
    example: 'mcp-vitals up --config mcp-vitals.yaml',
    next: 'Start one, or name another state directory with --data, or an address with --url.',
  },
  DAEMON_SILENT: {
    message: 'The daemon at {url} did not answer: {reason}.',
    example: 'curl http://127.0.0.1:9464/health',
    next: 'See whether it runs and whether the address is right.',
  },
  DAEMON_LOCKED: {
    message: 'The daemon at {url} answers nobody without its token, and {given}.',
    example: 'MCP_VITALS_ADMIN_TOKEN="$(cat admin-token)" mcp-vitals top --url https://mcp.example.com:9464',
    next: 'Set MCP_VITALS_ADMIN_TOKEN to the listen.adminToken of its configuration. On its own machine leave --url away, and name its state directory with --data where it is not the usual one: the token in its file owner-token is read then.',
  },
  QUERY_TOO_LARGE: {
    message: 'The answer would have {count} values; {limit} are the most.',
    example: 'sum by (tool) (rate(mcp_tool_calls_total[5m]))',
    next: 'Ask for fewer series by matchers or an aggregation, for a shorter time, or for a longer step.',
  },
  QUERY_BUSY: {
    message: 'The query was not taken: {waiting} others wait already.',
    example: 'curl "http://127.0.0.1:9464/api/v1/query?query=up"',
    next: 'Ask again in some seconds; where it comes often, look for who asks so much.',
  },
  QUERY_ABORTED: {
    message: 'The query was given up: {reason}.',
    example: 'sum by (tool) (rate(mcp_tool_calls_total{server="memory"}[5m]))',
    next: 'Ask for less at a time. Queries work again by themselves in some seconds.',
  },
  ALERT_REFUSED: {
    message: '{reason}',
    example: 'mcp-vitals alerts list',
    next: 'See what there is; "mcp-vitals alerts --help" tells what each command takes.',
  },
  ALERTS_FAILED: {
    message: 'The alerts’ file {file} could not {action}: {reason}.',
    example: 'df -h ~/.local/state/mcp-vitals',
    next: 'Free some space or mend the disk. Alerts go on and are sent meanwhile, as long as the daemon runs.',
  },
  ALERTS_CORRUPT: {
    message: 'The alerts’ file {file} is damaged ({reason}). It was moved to {moved}, and a new one was begun.',
    example: 'sqlite3 alerts.db.corrupt-20260801T120000Z .recover',
    next: 'Check the disk. What fires is told again; silences and acknowledgements of before are in the old file.',
  },
  ...AUDIT_ERRORS,
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof ERRORS
type Placeholders<M extends string> = M extends `${string}{${infer P}}${infer Rest}` ? P | Placeholders<Rest> : never
/** The values that an error's message needs. */
export type ErrorValues<C extends ErrorCode> = Readonly<
  Record<Placeholders<(typeof ERRORS)[C]['message']>, string | number>
>

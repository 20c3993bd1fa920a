import { kept } from './state.js'

/** Section B: an MCP server that turns command-line plugins into tools, over HTTP+SSE. */
export const LETTA = {
  ...kept({
    'B1.health.body': '`GET /health` answers `{"status":"ok","sessions":2}` at least',
    'B1.health.field-sessions': '`sessions` is the number of open sessions',
    'B1.health.probe': '`GET /health` is usable as liveness and readiness probe',
  }),
  ...kept({
    'B3.log.plugins-found': 'at start the log says which plugins were found',
    'B3.log.folder-not-taken': 'at start the log says why a folder was not taken',
    'B4.plugin.discovery': 'each `mcp/plugins/<name>/cli.py` is found as a plugin',
    'B4.plugin.available-commands': 'the "Available commands:" section of its help gives its commands',
    'B4.plugin.tool-name': 'each command is a tool `<name>.<command>` (so `botfather.send-message`)',
    'B4.plugin.arguments': 'arguments become command-line options',
    'B4.plugin.result': 'exit status and output become the tool result',
    'B5.sse.endpoint': '`GET /sse` with `Accept: text/event-stream` opens the stream',
    'B5.message.endpoint': '`POST /message` takes JSON-RPC 2.0',
    'B5.cors': 'CORS for browsers',
    'B5.port': 'port 8000',
    'B5.curl.health': '`curl http://localhost:8000/health` works as it stands',
    'B5.curl.sse': '`curl -H "Accept: text/event-stream" http://localhost:8000/sse` works as it stands',
    'B5.curl.message': `without a session, this works as it stands: curl -X POST http://localhost:8000/message -H "Content-Type: application/json" -d '{"jsonrpc":"2.0","id":"test","method":"tools/call","params":{"name":"botfather.send-message","arguments":{"message":"/help"}}}'`,
  }),
  ...kept({
    'B6.trouble.plugins-not-found': 'a user can find out why plugins are not found',
    'B6.trouble.sse-accept': 'a user can find out that an SSE connection lacks the Accept header',
    'B6.trouble.sse-cors': 'a user can find out that CORS stops an SSE connection',
    'B6.trouble.sse-port': 'a user can find out that an SSE connection goes to a wrong port',
    'B6.trouble.tool-help-format': "a user can find out that a tool call fails for the plugin's help format",
    'B6.trouble.tool-json-rpc': 'a user can find out that a tool call fails for its JSON-RPC form',
    'B6.trouble.tool-plugin-error': "a user can find out that a tool call fails by the plugin's own error",
  }),
  ...kept({
    'B2.log.tool-invocations': 'every tool invocation stands on stdout',
    'B2.log.errors': 'every error stands on stdout',
    'B2.log.session-events': 'every session event stands on stdout',
    'B2.log.details': 'each has timestamp, session id and request details',
    'B2.log.session-started': 'text form: `INFO: Session started: session-123`',
    'B2.log.tool-invoked': 'text form: `INFO: Tool invoked: botfather.click-button (session-123)`',
    'B2.log.tool-completed': 'text form: `INFO: Tool completed: … (session-123)`',
    'B2.log.session-ended': 'text form: `INFO: Session ended: session-123`',
  }),
  ...kept({ 'B3.log.execution-times': 'tool execution times are logged' }),
} as const

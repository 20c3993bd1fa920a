import { type ClientForm, isGroup } from './client.js'
import { type Config, configOptions } from './options.js'

/** A file whose values were taken. */
export interface NotedFile {
  /** As the user named it. */
  readonly path: string
  /** All that it holds. */
  readonly value: unknown
  /** Set where it is a client’s. */
  readonly client: ClientForm | undefined
}

/** What an editor fills in before it starts a server, and nobody here does. */
const EDITOR_REFERENCE =
  /\$\{(?:(?:input|env|config|command):[^}]*|workspaceFolder\w*(?::[^}]*)?|userHome|pathSeparator)\}/

/** What a person should know of a file although it is no error, one sentence each. */
export function notesOf({ servers, gateway: { front } }: Config, file: NotedFile): readonly string[] {
  const active = Object.entries(servers).filter(([, { disabled }]) => !disabled)
  const notes = active.length === 0 ? [`${file.path} names no server to watch.`] : []
  if (front !== undefined && !active.some(([name]) => name === front))
    notes.push(`gateway.front is ${front}, which is no server here: nothing answers at /mcp, /sse and /message.`)
  return [...notes, ...ignoredKeys(file), ...active.flatMap(([name, entry]) => entryNotes(name, entry, file))]
}

function ignoredKeys({ path, value, client }: NotedFile): readonly string[] {
  if (!client) return []
  const keys = Object.keys(value as object).filter((key) => Object.hasOwn(configOptions.shape, key))
  const sections = keys.filter((key) => key !== 'servers')
  const notes: string[] = []
  if (sections.length > 0)
    notes.push(
      `${path} is read as a client's file, so ${sections.join(', ')} in it is ignored; ${remedy(client)} to use it.`,
    )
  if (client.key !== 'servers' && keys.includes('servers'))
    notes.push(
      `${path} has "${client.key}" and "servers": what stands under "servers" is ignored; put it under the other.`,
    )
  return notes
}

/** What makes a client’s file one of ours. VS Code’s has our key too, and is told by its name, or by `inputs` in it. */
const remedy = ({ key }: ClientForm): string =>
  key === 'servers' ? 'leave out "inputs" and give it another name than mcp.json' : `write "servers" for "${key}"`

function entryNotes(name: string, entry: Config['servers'][string], { path, client }: NotedFile): readonly string[] {
  const notes: string[] = []
  const written = isGroup(client?.servers) ? client.servers[name] : undefined
  if (isGroup(written) && Object.hasOwn(written, 'envFile'))
    notes.push(`${path}: the "envFile" of ${name} is not read; write its variables under "env".`)
  if (isGroup(written) && Object.hasOwn(written, 'doors'))
    notes.push(
      `${path}: the "doors" of ${name} are not read from a client's file; ${client && remedy(client)} to use it, or "doors" in a configuration of its own.`,
    )
  if (!('command' in entry)) return notes
  const { command, args, cwd = '' } = entry
  for (const [key, texts] of Object.entries({ command: [command], args, cwd: [cwd] })) {
    const [reference] = texts.map((text) => EDITOR_REFERENCE.exec(text)?.[0]).filter((found) => found !== undefined)
    if (reference !== undefined)
      notes.push(`${path}: ${reference} in the "${key}" of ${name} is not filled in; write what it stands for.`)
  }
  return notes
}

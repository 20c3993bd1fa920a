/** What `mcp-vitals export all` writes, without a configuration and for each preset: path in deploy/ → text. */
export function deployFiles({ filesOf, subjectOf }, { loadConfig }, presets) {
  const made = (preset) =>
    filesOf('all', subjectOf(loadConfig({ env: preset ? { MCP_VITALS_PRESET: preset } : {} }).config, []))
  const of = (folder, files) => files.map(({ path, text }) => [`deploy/${folder}${path}`, text])
  return Object.fromEntries([...of('', made()), ...presets.flatMap((preset) => of(`presets/${preset}/`, made(preset)))])
}

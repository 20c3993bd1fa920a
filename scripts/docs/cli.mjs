/** The reference of commands, from what commander was told. */
export function cliPage(program) {
  return [
    '# Commands',
    '',
    '<!-- Written by scripts/docs.mjs from packages/server/src/cli/program.ts. -->',
    '',
    'Exit status: 0 well, 1 failure, 2 the command line or the configuration is at fault, 130 ended by a second signal.',
    '`wrap` ends with the status of the command that it ran. `MCP_VITALS_DEBUG=1` adds the stack to an unexpected error.',
    ...leavesOf(program).flatMap((command) => ['', ...commandEntry(command)]),
    '',
  ].join('\n')
}

function leavesOf(command) {
  return command.commands.length > 0 ? command.commands.flatMap(leavesOf) : [command]
}

function commandEntry(command) {
  const visible = command.options.filter((option) => !option.hidden)
  return [
    `## mcp-vitals ${pathOf(command)}`,
    '',
    `${command.description().replace(/^./, (letter) => letter.toUpperCase())}.`,
    '',
    '```',
    `mcp-vitals ${`${pathOf(command)} ${command.usage()}`.trim()}`,
    '```',
    ...(visible.length > 0 ? [''] : []),
    ...visible.map(({ flags, description }) => `- \`${flags}\`: ${description}`),
  ]
}

function pathOf(command) {
  return command.parent?.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()
}

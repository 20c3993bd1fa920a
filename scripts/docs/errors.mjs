/** The reference of errors, from the registry. */
export function errorsPage(errors) {
  return [
    '# Errors',
    '',
    '<!-- Written by scripts/docs.mjs from packages/server/src/errors/registry.ts. -->',
    '',
    'What mcp-vitals says when something keeps it from its work. `<word>` stands for what it found. The exit status is 2 where',
    'the command line or the configuration is at fault, else 1.',
    ...Object.entries(errors).flatMap(([code, { message, example, next }]) => [
      '',
      `## ${code}`,
      '',
      `> ${message.replace(/\{(\w+)\}/g, '`<$1>`')}`,
      '',
      `For example: \`${example}\``,
      '',
      `Next: ${next}`,
    ]),
    '',
  ].join('\n')
}

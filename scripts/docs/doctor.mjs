/** The reference of diagnoses, from the registry of the doctor. */
export function doctorPage({ DIAGNOSES }) {
  return [
    '# Troubles that the doctor knows',
    '',
    '<!-- Written by scripts/docs.mjs from packages/server/src/doctor/registry.ts. -->',
    '',
    'What `mcp-vitals doctor` looks for, in the order in which it tells of it. [doctor.md](../doctor.md) says how it is used.',
    ...DIAGNOSES.flatMap(({ name, finds }) => ['', `## ${name}`, '', ...finds.map((trouble) => `- ${trouble}`)]),
    '',
  ].join('\n')
}

import type { Diagnosis, Finding } from '../contract.js'
import { looked } from '../contract.js'
import { counted, findingOf } from '../shared/words.js'

/** The configuration: every fault of it at once. */
export const configuration: Diagnosis = {
  name: 'configuration',
  finds: [
    'a file that is not there, cannot be read or is not YAML or JSON',
    'every option that is not valid, with its place and a valid example',
    'an address that other machines reach without credentials',
    'what is valid and probably not meant',
  ],
  async look({ configuration: { file, config, notes, problem }, servers }) {
    const subject = file ?? 'what there is without a file'
    if (problem)
      return looked(subject, [
        findingOf(
          problem,
          'error',
          'The daemon does not start with it, and one that runs goes on with the one it had.',
        ),
      ])
    const findings = notes.map(
      (note): Finding => ({
        severity: 'note',
        problem: note,
        evidence: [`${subject} has it`],
        why: 'It is valid, and may not be what you meant.',
        next: 'See every value with its origin.',
        fix: [`mcp-vitals config print${file === undefined ? '' : ` --config ${file}`}`],
      }),
    )
    if (config && Object.keys(servers).length === 0)
      findings.push({
        severity: 'note',
        problem: 'No server is configured, so none is watched.',
        evidence: [`${subject} names no server`],
        why: 'There is nothing to see but what other programs post.',
        next: 'Name the file of your client, or write the servers into a file of your own.',
        fix: ['mcp-vitals doctor --config ~/.cursor/mcp.json', 'mcp-vitals up --config ~/.cursor/mcp.json'],
      })
    return looked(`${subject} is valid, ${counted(Object.keys(servers).length, 'server')}`, findings)
  },
}

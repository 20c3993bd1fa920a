/** The doctor with folders of plugins, as somebody who writes their first one leaves them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { diagnosed, findings, patient } from '../../fixtures/patient.js'
import { promises } from '../../requirements.js'

/** A directory with these files. */
function place(files: Readonly<Record<string, string>>): string {
  const dir = mkdtempSync(join(tmpdir(), 'mcp-vitals-plugins-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true })
    writeFileSync(join(dir, name), text)
  }
  return dir
}

const ARGPARSE = (title: string) => `import argparse
parser = argparse.ArgumentParser()
commands = parser.add_subparsers(title=${JSON.stringify(title)}, dest='command')
commands.add_parser('send-message', help='Send a message').add_argument('--message')
parser.parse_args()
`

const NO_PROGRAM = 'It has none of cli.py, cli.js, cli.mjs, cli.ts, cli.sh, cli and no plugin.json.'

test(promises('B6.trouble.plugins-not-found'), async () => {
  const dir = place({
    'good/cli.py': ARGPARSE('Available commands'),
    'plain/cli.py': "print('Usage: plain\\n\\nAvailable commands:\\n  read    Read it\\n\\nOptions:\\n  --all')",
    'wrong-heading/cli.py': ARGPARSE('Things'),
    'says-itself/plugin.json': '{"program":["./tool"],"commands":{"read":{}}}',
    'says-wrong/plugin.json': '{"commands":{}}',
    'in-node/cli.js': "console.log('Available commands: read')",
    'not-executable/cli': '',
    'none-below/cli.py': "print('Available commands:\\n\\nOptions:\\n  --help')",
    'other-name/main.py': '',
    'too-deep/src/cli.py': '',
    'empty/notes.txt': '',
    'lacks-module/cli.py': 'import no_such_module_9',
    'breaks/cli.py': 'raise SystemExit(4)',
    'bad name/cli.py': '',
    '__pycache__/x': '',
  })
  const outcome = await diagnosed('plugins', patient(dir, { asked: { plugins: dir } }))
  if (outcome.is === 'left out') throw new Error(outcome.why)
  expect(Object.fromEntries(outcome.findings.map(({ subject, problem }) => [subject, problem]))).toEqual({
    'bad name': 'Its help has no section "Available commands:".',
    breaks: 'Its help fails with status 4.',
    empty: NO_PROGRAM,
    'lacks-module': 'Python has no module no_such_module_9, which it imports.',
    'none-below': 'Below "Available commands:" its help names no command.',
    'not-executable': 'Its cli is not executable (chmod +x).',
    'other-name': NO_PROGRAM,
    'says-wrong': 'Its plugin.json does not fit at commands: names no command.',
    'too-deep': NO_PROGRAM,
    'wrong-heading': 'Its help has no section "Available commands:".',
  })
  const fixOf = (name: string) => outcome.findings.find(({ subject }) => subject === name)!.fix.join('\n')
  expect(fixOf('other-name')).toBe(`mv ${dir}/other-name/main.py ${dir}/other-name/cli.py`)
  expect(fixOf('too-deep')).toBe(`mv ${dir}/too-deep/src/cli.py ${dir}/too-deep/cli.py`)
  expect(fixOf('not-executable')).toBe(`chmod +x ${dir}/not-executable/cli`)
  expect(fixOf('wrong-heading')).toContain("title='Available commands'")
})

test('a directory that is not there, and one without a folder', async () => {
  const dir = place({ 'cli.py': '' })
  const [absent] = await findings('plugins', patient(dir, { asked: { plugins: join(dir, 'mcp/plugins') } }))
  expect(absent).toMatchObject({ severity: 'error', problem: `There is no directory ${dir}/mcp/plugins.` })
  const [bare] = await findings('plugins', patient(dir, { asked: { plugins: dir } }))
  expect(bare).toMatchObject({ problem: `There is no folder in ${dir}.`, evidence: ['files in it: cli.py'] })
})

test('without being named, nothing of it is run: what lies in this directory may be a stranger’s', async () => {
  const home = place({ 'mcp/plugins/odd/cli.py': "open('ran', 'w')" })
  const before = process.cwd()
  process.chdir(home)
  onTestFinished(() => process.chdir(before))
  const [finding, ...more] = await findings('plugins', patient(home))
  expect(more).toEqual([])
  expect(finding).toMatchObject({ severity: 'warning', subject: 'odd' })
  expect(() => rmSync(join(home, 'mcp/plugins/odd/ran'))).toThrow(/ENOENT/)
})

import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { vitalsError } from '../errors/index.js'
import { MAX_FILE_BYTES, parseRuleFile, parseRuleTests, type RuleGroup, runRuleTests } from '../rules/index.js'
import { STATUS } from './report.js'
import type { Terminal } from './terminal.js'

/** Says of each rule file that it is valid, and what is in it; rejects with RULES_INVALID, which names each place. */
export async function checkRules(files: readonly string[], { out }: Terminal): Promise<void> {
  for (const file of files) {
    const groups = readRules(file)
    const rules = groups.reduce((sum, group) => sum + group.rules.length, 0)
    out.write(`${file} is valid: ${counted(groups.length, 'group')}, ${counted(rules, 'rule')}.\n`)
  }
}

/** Runs unit tests of rules; resolves to the exit status. */
export async function testRules(files: readonly string[], { out }: Terminal): Promise<number> {
  let failed = false
  for (const file of files) {
    const tests = parseRuleTests(file, read(file))
    const groups = tests.rule_files.flatMap((named) => readRules(resolve(dirname(file), named)))
    const problems = runRuleTests(tests, groups)
    failed ||= problems.length > 0
    out.write(`${file}: ${problems.length === 0 ? `${counted(tests.tests.length, 'test')} passed` : 'failed'}\n`)
    for (const problem of problems) out.write(`  ${problem.replaceAll('\n', '\n  ')}\n`)
  }
  return failed ? STATUS.failure : STATUS.ok
}

const readRules = (file: string): readonly RuleGroup[] => parseRuleFile(file, read(file))

function read(file: string): string {
  try {
    if (statSync(file).size > MAX_FILE_BYTES) throw new Error(`it has more than ${MAX_FILE_BYTES} bytes`)
    return readFileSync(file, 'utf8')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw vitalsError('RULES_UNREADABLE', { file, reason }, error)
  }
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

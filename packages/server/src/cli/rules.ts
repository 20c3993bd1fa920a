import { dirname, resolve } from 'node:path'
import { formatLabels } from '../promql/index.js'
import { parseRuleTests, readRuleFile, readRuleText, runRuleTests } from '../rules/index.js'
import { type AskFlags, askApi } from './ask.js'
import { STATUS } from './report.js'
import type { Terminal } from './terminal.js'

/** Says of each rule file that it is valid, and what is in it; rejects with RULES_INVALID, which names each place. */
export async function checkRules(files: readonly string[], { out }: Terminal): Promise<void> {
  for (const file of files) {
    const groups = readRuleFile(file)
    const rules = groups.reduce((sum, group) => sum + group.rules.length, 0)
    out.write(`${file} is valid: ${counted(groups.length, 'group')}, ${counted(rules, 'rule')}.\n`)
  }
}

/** Runs unit tests of rules; resolves to the exit status. */
export async function testRules(files: readonly string[], { out }: Terminal): Promise<number> {
  let failed = false
  for (const file of files) {
    const tests = parseRuleTests(file, readRuleText(file))
    const groups = tests.rule_files.flatMap((named) => readRuleFile(resolve(dirname(file), named)))
    const problems = runRuleTests(tests, groups)
    failed ||= problems.length > 0
    out.write(`${file}: ${problems.length === 0 ? `${counted(tests.tests.length, 'test')} passed` : 'failed'}\n`)
    for (const problem of problems) out.write(`  ${problem.replaceAll('\n', '\n  ')}\n`)
  }
  return failed ? STATUS.failure : STATUS.ok
}

/** What is shown of a rule. */
interface ListedRule {
  readonly name: string
  readonly type: 'alerting' | 'recording'
  readonly state?: 'firing' | 'pending' | 'inactive'
  readonly health: string
  readonly lastError?: string
  readonly alerts?: readonly {
    readonly labels: Readonly<Record<string, string>>
    readonly state: string
    readonly activeAt: string
    readonly value: string
  }[]
}

interface RulesData {
  readonly groups: readonly {
    readonly name: string
    readonly file: string
    readonly interval: number
    readonly lastEvaluation: string
    readonly rules: readonly ListedRule[]
  }[]
}

/** What `rules list` was given. */
export interface ListFlags extends AskFlags {
  readonly json?: boolean
}

/** Shows the rules that the daemon evaluates: a line for each, its alerts below. */
export async function listRules(flags: ListFlags, terminal: Terminal): Promise<void> {
  const { answer, text } = await askApi<RulesData>('/api/v1/rules', undefined, flags, terminal)
  const { groups = [] } = answer.data ?? {}
  if (flags.json) terminal.out.write(`${text}\n`)
  else if (groups.length === 0) terminal.out.write('no rules\n')
  for (const { file, name, interval, lastEvaluation, rules } of flags.json ? [] : groups) {
    const last = lastEvaluation.startsWith('0001') ? 'not evaluated yet' : `last at ${lastEvaluation}`
    terminal.out.write(`${file}, ${name}: every ${interval} s, ${last}\n${rules.map(ruleLines).join('')}`)
  }
}

function ruleLines({ name, type, state, health, lastError, alerts = [] }: ListedRule): string {
  const error = health === 'err' ? `  error: ${lastError}` : health === 'unknown' ? '  not evaluated yet' : ''
  const lines = alerts.map(({ labels, state, activeAt, value }) => {
    const { alertname: _, ...others } = labels
    return `      ${state} since ${activeAt}, value ${Number(value)}: ${formatLabels(others)}\n`
  })
  return `  ${(state ?? type).padEnd(9)}  ${name}${error}\n${lines.join('')}`
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

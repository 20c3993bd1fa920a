import { readFileSync } from 'node:fs'
import type { RuleGroup } from './contract.js'
import { parseRuleFile } from './file.js'
import { type RuleSet, ruleSetFile } from './set-file.js'

/** What stands in the file of a set. The command that is shipped has it ready, so that no start reads and checks it. */
export const shippedGroups = (set: RuleSet): readonly RuleGroup[] =>
  parseRuleFile(`${set}.yml`, readFileSync(ruleSetFile(set), 'utf8'))

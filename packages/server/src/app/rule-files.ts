import { type RuleGroup, readRuleFile } from '../rules/index.js'

/** The groups of rule files. Throws RULES_UNREADABLE and RULES_INVALID. */
export const readRuleFiles = (files: readonly string[]): readonly RuleGroup[] => files.flatMap(readRuleFile)

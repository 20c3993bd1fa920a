export type {
  AlertingRule,
  RecordingRule,
  Rule,
  RuleAlert,
  RuleAlertState,
  RuleGroup,
  RuleReport,
} from './contract.js'
export { parseRuleFile } from './file.js'
export {
  GroupState,
  groupKey,
  type Health,
  type RuleHost,
  type RuleState,
  type SavedGroup,
  type Written,
} from './group.js'
export { RULE_SETS, type RulesOptions, rulesOptions } from './options.js'
export { isPattern, ruleFilesOf } from './paths.js'
export { readRuleFile, readRuleText } from './read.js'
export { type RuleSet, ruleSetFile } from './set-file.js'
export { readRuleSet } from './sets.js'
export { parseTemplate, TEMPLATE_FUNCTIONS } from './template.js'
export { parseRuleTests, type RuleTestFile, runRuleTests } from './unit-test.js'

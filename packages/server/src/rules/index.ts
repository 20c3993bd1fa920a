export type {
  AlertingRule,
  AlertSource,
  RecordingRule,
  Rule,
  RuleAlert,
  RuleAlertState,
  RuleGroup,
  RuleReport,
} from './contract.js'
export { MAX_FILE_BYTES, parseRuleFile } from './file.js'
export {
  GroupState,
  groupKey,
  type Health,
  type RuleHost,
  type RuleState,
  type SavedGroup,
  type Written,
} from './group.js'
export { RULE_SETS, type RuleSet, readRuleSet, ruleSetFile } from './sets.js'
export { parseTemplate, TEMPLATE_FUNCTIONS } from './template.js'
export { parseRuleTests, type RuleTestFile, runRuleTests } from './unit-test.js'

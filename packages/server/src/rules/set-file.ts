import { fileURLToPath } from 'node:url'
import type { RULE_SETS } from './options.js'

export type RuleSet = (typeof RULE_SETS)[number]

/** Where the rules of a set stand: a rule file as Prometheus takes it. */
export const ruleSetFile = (set: RuleSet): string => fileURLToPath(new URL(`../../rules/${set}.yml`, import.meta.url))

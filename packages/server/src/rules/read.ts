import { readFileSync, statSync } from 'node:fs'
import type { RuleGroup } from './contract.js'
import { MAX_FILE_BYTES, parseRuleFile } from './file.js'
import { unreadable } from './paths.js'

/** Reads a rule file. Throws RULES_UNREADABLE, and RULES_INVALID as `parseRuleFile` does. */
export const readRuleFile = (file: string): readonly RuleGroup[] => parseRuleFile(file, readRuleText(file))

/** The text of a rule file, or of unit tests of one. Throws RULES_UNREADABLE. */
export function readRuleText(file: string): string {
  try {
    if (statSync(file).size > MAX_FILE_BYTES) throw new Error(`it has more than ${MAX_FILE_BYTES} bytes`)
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw unreadable(file, error)
  }
}

import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml'
import { VitalsError, vitalsError } from '../errors/index.js'
import { type LabelSet, parseDuration, parsePromql } from '../promql/index.js'
import type { Rule, RuleGroup } from './contract.js'
import { parseTemplate } from './template.js'

/** Largest rule file, in bytes; most problems that are told of one; most groups and rules. */
export const MAX_FILE_BYTES = 1_048_576
const MAX_PROBLEMS = 20
const MAX_GROUPS = 1000
const MAX_RULES = 5000

const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/

/** What is wrong, and where: line and column from 1. */
export interface RuleProblem {
  readonly line: number
  readonly column: number
  readonly text: string
}

/**
 * Reads a rule file in Prometheus's format: YAML with `groups`. Throws RULES_INVALID, which names each thing that is wrong
 * with its line and column: what is no YAML, no field of a rule, no PromQL of ours, no duration, no template of ours.
 */
export function parseRuleFile(file: string, text: string): readonly RuleGroup[] {
  const reader = new RuleReader(file, text)
  const groups = reader.read()
  if (reader.problems.length === 0) return groups
  throw invalidRules(file, reader.problems)
}

export function invalidRules(file: string, problems: readonly RuleProblem[]): VitalsError {
  const shown = problems.slice(0, MAX_PROBLEMS)
  const lines = shown.map(({ line, column, text }) => `\n  line ${line}, column ${column}: ${text}`)
  const more = problems.length - shown.length
  return vitalsError('RULES_INVALID', {
    file,
    problems: lines.join('') + (more > 0 ? `\n  and ${more} more` : ''),
  })
}

/** Values by key, each with the node where it stands. */
type Fields = ReadonlyMap<string, { readonly key: Node; readonly value: Node | null }>

const GROUP_FIELDS = ['name', 'interval', 'limit', 'query_offset', 'labels', 'rules']
const RULE_FIELDS = ['record', 'alert', 'expr', 'for', 'keep_firing_for', 'labels', 'annotations']

class RuleReader {
  readonly problems: RuleProblem[] = []
  readonly #lines = new LineCounter()
  #rules = 0

  constructor(
    private readonly file: string,
    private readonly text: string,
  ) {}

  read(): readonly RuleGroup[] {
    const document = parseDocument(this.text, { lineCounter: this.#lines })
    for (const { pos, message } of document.errors)
      this.#at(pos[0], message.split('\n', 1)[0]!.replace(/ at line .*$/, ''))
    if (this.problems.length > 0) return []
    const root = document.contents
    if (root === null) return []
    if (!isMap(root)) return this.#refuse(root, 'a rule file is a map with the key groups', [])
    const groups = this.#fields(root, ['groups']).get('groups')?.value
    if (groups === undefined || groups === null) return []
    if (!isSeq(groups)) return this.#refuse(groups, 'groups is a list', [])
    if (groups.items.length > MAX_GROUPS) return this.#refuse(groups, `a file has ${MAX_GROUPS} groups at most`, [])
    const names = new Set<string>()
    return groups.items.flatMap((item) => this.#group(item as Node, names) ?? [])
  }

  #group(node: Node, names: Set<string>): RuleGroup | undefined {
    if (!isMap(node)) return this.#refuse(node, 'a group is a map with name and rules', undefined)
    const fields = this.#fields(node, GROUP_FIELDS)
    const name = this.#string(fields, 'name') ?? ''
    if (name === '') this.#refuse(node, 'a group needs a name', undefined)
    if (names.has(name)) this.#refuse(node, `the group ${name} is there twice`, undefined)
    names.add(name)
    const intervalMs = this.#duration(fields, 'interval')
    const labels = this.#labels(fields, 'labels')
    const rules = fields.get('rules')?.value
    if (rules !== undefined && rules !== null && !isSeq(rules)) this.#refuse(rules, 'rules is a list', undefined)
    const items = isSeq(rules) ? rules.items : []
    this.#rules += items.length
    if (this.#rules > MAX_RULES) return this.#refuse(node, `a file has ${MAX_RULES} rules at most`, undefined)
    return {
      file: this.file,
      name,
      ...(intervalMs !== undefined && intervalMs > 0 && { intervalMs }),
      limit: this.#whole(fields, 'limit'),
      offsetMs: this.#duration(fields, 'query_offset') ?? 0,
      rules: items.flatMap((item) => this.#rule(item as Node, labels) ?? []),
    }
  }

  #rule(node: Node, shared: LabelSet): Rule | undefined {
    if (!isMap(node)) return this.#refuse(node, 'a rule is a map with record or alert, and expr', undefined)
    const fields = this.#fields(node, RULE_FIELDS)
    const [record, alert] = [this.#string(fields, 'record'), this.#string(fields, 'alert')]
    if ((record ?? '') === '' && (alert ?? '') === '')
      return this.#refuse(node, 'a rule needs record or alert', undefined)
    if (record !== undefined && alert !== undefined)
      return this.#refuse(node, 'a rule has either record or alert', undefined)
    const expr = this.#expression(fields, node)
    const isAlert = alert !== undefined
    const labels = { ...shared, ...this.#labels(fields, 'labels', isAlert) }
    if (isAlert)
      return {
        kind: 'alerting',
        name: alert,
        expr,
        forMs: this.#duration(fields, 'for') ?? 0,
        keepFiringForMs: this.#duration(fields, 'keep_firing_for') ?? 0,
        labels,
        annotations: this.#labels(fields, 'annotations', true),
      }
    for (const field of ['for', 'keep_firing_for', 'annotations'])
      if (fields.has(field)) this.#refuse(fields.get(field)!.key, `a recording rule has no ${field}`, undefined)
    if (!METRIC_NAME.test(record!))
      this.#refuse(fields.get('record')!.value!, `${JSON.stringify(record)} is no name of a metric`, undefined)
    return { kind: 'recording', name: record!, expr, labels }
  }

  #expression(fields: Fields, rule: Node): string {
    const expr = this.#string(fields, 'expr') ?? ''
    if (expr === '') return this.#refuse(rule, 'a rule needs expr', '')
    try {
      const { type } = parsePromql(expr)
      if (type !== 'vector' && type !== 'scalar') this.#refuse(fields.get('expr')!.value!, `expr gives a ${type}`, '')
    } catch (error) {
      if (!(error instanceof VitalsError)) throw error
      this.#refuse(fields.get('expr')!.value!, error.message.replace(/[.]$/, ''), '')
    }
    return expr
  }

  #labels(fields: Fields, name: string, isTemplate = false): LabelSet {
    const node = fields.get(name)?.value
    if (node === undefined || node === null) return {}
    if (!isMap(node)) return this.#refuse(node, `${name} is a map`, {})
    const found: Record<string, string> = {}
    for (const [label, { key, value }] of this.#fields(node, undefined)) {
      if (!LABEL_NAME.test(label) || label === '__name__')
        this.#refuse(key, `${JSON.stringify(label)} is no name of a label`, undefined)
      const text = this.#text(value ?? key, label) ?? ''
      if (isTemplate) {
        const template = parseTemplate(text)
        if ('problem' in template)
          this.#refuse(value ?? key, `the template of ${label}: ${template.problem}`, undefined)
      }
      found[label] = text
    }
    return found
  }

  #duration(fields: Fields, name: string): number | undefined {
    const text = this.#string(fields, name)
    if (text === undefined) return undefined
    const lengthMs = parseDuration(text)
    if (lengthMs !== undefined) return lengthMs
    return this.#refuse(
      fields.get(name)!.value!,
      `${name}: ${JSON.stringify(text)} is no duration, such as 5m`,
      undefined,
    )
  }

  #whole(fields: Fields, name: string): number {
    const text = this.#string(fields, name) ?? '0'
    return /^\d{1,9}$/.test(text)
      ? Number(text)
      : this.#refuse(fields.get(name)!.value!, `${name} is a whole number`, 0)
  }

  #string(fields: Fields, name: string): string | undefined {
    const found = fields.get(name)
    if (found === undefined || found.value === null) return undefined
    return this.#text(found.value, name)
  }

  #text(node: Node, name: string): string | undefined {
    if (!isScalar(node)) return this.#refuse(node, `${name} is a text`, undefined)
    // Numbers and booleans as they are written: `severity: 1` is the text 1.
    if (node.value === null || node.value === undefined) return ''
    return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value))
  }

  /** `known`: the keys that there are; any where absent. */
  #fields(map: YAMLMap, known: readonly string[] | undefined): Fields {
    const fields = new Map<string, { key: Node; value: Node | null }>()
    for (const { key, value } of map.items) {
      const name = isScalar(key) ? String(key.value) : ''
      if (isAlias(value)) this.#refuse(key as Node, `${name} is an alias: write the value itself`, undefined)
      else if (known === undefined || known.includes(name))
        fields.set(name, { key: key as Node, value: value as Node | null })
      else this.#refuse(key as Node, `there is no field ${name} here: there are ${known.join(', ')}`, undefined)
    }
    return fields
  }

  #refuse<T>(node: Node, text: string, result: T): T {
    this.#at(node.range?.[0] ?? 0, text)
    return result
  }

  #at(offset: number, text: string): void {
    const { line, col } = this.#lines.linePos(offset)
    this.problems.push({ line, column: col, text })
  }
}

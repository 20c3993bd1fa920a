import { escaped } from '../xml/index.js'
import type { ComponentReport, SystemReport, ToolsReport } from './contract.js'
import { duration } from './words.js'

const RULE = '='.repeat(60)
const MARKS = { healthy: '✅', degraded: '⚠️', unhealthy: '❌', unknown: '❔', maintenance: '🔧' } as const
/** Why a check failed that had the list of tools by then. */
const LISTED: ReadonlySet<unknown> = new Set(['tools_missing', 'tool_call'])

/** The report as a person reads it (CONTRACT.md, C8). Names are of the configuration; reasons are our own words. */
export function textOf({ colour, reasons, components }: SystemReport, checkedAt: string): string {
  return [
    ...[RULE, 'MCP HEALTH CHECK RESULTS', RULE, checkedAt, ''],
    ...components.flatMap(blockOf),
    `System: ${colour}`,
    ...reasons.map((reason) => `  - ${reason}`),
    '',
  ].join('\n')
}

function blockOf({ name, status, latencyMs, reasons, tools, result }: ComponentReport): readonly string[] {
  return [
    `${MARKS[status]} ${name.toUpperCase().replaceAll('-', '_')}`,
    `   Status: ${status}`,
    ...(latencyMs === undefined ? [] : [`   Latency: ${duration(latencyMs)}`]),
    ...(tools ? [`   Tools: ${toolsIn(tools, result)}`] : []),
    ...reasons.map((reason) => `   Reason: ${reason}`),
    '',
  ]
}

/** What was listed: of a check that failed before that, nothing was. */
function toolsIn({ known, missing }: ToolsReport, result: ComponentReport['result']): string {
  const isListed = result === undefined || result.ok || LISTED.has(result.reason)
  return isListed ? `${known.length - missing.length} of ${known.length}` : `could not be listed, ${known.length} known`
}

/** The report for a program: JUnit's XML, as build servers read it. A degraded component is no failure, and says why. */
export function junitOf({ components }: SystemReport): string {
  const failed = components.filter(({ status }) => status === 'unhealthy').length
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="mcp-vitals check" tests="${components.length}" failures="${failed}" errors="0" skipped="0">`,
    ...components.map(({ name, type, status, latencyMs = 0, reasons }) => {
      const why = escaped(reasons.join(', '))
      const inner =
        status === 'unhealthy'
          ? `<failure message="${why}"/>`
          : status === 'degraded'
            ? `<system-out>degraded: ${why}</system-out>`
            : ''
      return `  <testcase classname="${escaped(type)}" name="${escaped(name)}" time="${(latencyMs / 1000).toFixed(3)}">${inner}</testcase>`
    }),
    '</testsuite>',
    '',
  ].join('\n')
}

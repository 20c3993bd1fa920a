import { describe, expect, test } from 'vitest'
import type { ComponentReport } from '../../../packages/server/src/monitor/contract.js'
import { judgeComponent, judgeSystem } from '../../../packages/server/src/monitor/judge.js'
import { monitorOptions } from '../../../packages/server/src/monitor/options.js'
import { promises } from '../../requirements.js'

const THRESHOLDS = monitorOptions.parse({})
const well = { ok: true, latencyMs: 10 }
const evidence = { result: well, isDown: false, latencyMs: 10, missingTools: [] }

describe(promises('C10.component.healthy', 'C10.component.degraded', 'C10.component.unhealthy'), () => {
  test.each([
    [0, 0, 'healthy'],
    [999.9, 0.0099, 'healthy'],
    [1000, 0, 'degraded'],
    [4999.9, 0.0499, 'degraded'],
    [0, 0.01, 'degraded'],
    [5000, 0, 'unhealthy'],
    [0, 0.05, 'unhealthy'],
    [5000, 0.01, 'unhealthy'],
  ])('at %d ms and %d errors it is %3$s', (latencyMs, errorRatio, status) => {
    const traffic = { errorRatio, p95Ms: 1 }
    expect(judgeComponent({ ...evidence, latencyMs, traffic }, THRESHOLDS).status).toBe(status)
  })

  test('slow calls count as a slow answer does', () => {
    const judged = judgeComponent({ ...evidence, traffic: { errorRatio: 0, p95Ms: 1500 } }, THRESHOLDS)
    expect(judged).toEqual({ status: 'degraded', reasons: ['95th percentile of the calls 1.5s'], kind: 'latency' })
  })

  test('why it is not well is said in words, the grave alone where there is something grave', () => {
    const traffic = { errorRatio: 0.2, p95Ms: 1 }
    expect(judgeComponent({ ...evidence, latencyMs: 1500, traffic }, THRESHOLDS).reasons).toEqual([
      '20 % of the calls failed',
    ])
    const result = { ok: false, latencyMs: 3, reason: 'connection_refused', code: 'ECONNREFUSED' } as const
    expect(judgeComponent({ ...evidence, result, isDown: true }, THRESHOLDS)).toEqual({
      status: 'unhealthy',
      reasons: ['connection refused (ECONNREFUSED)'],
      kind: 'connection_refused',
    })
    expect(judgeComponent({ ...evidence, missingTools: ['search'] }, THRESHOLDS)).toEqual({
      status: 'degraded',
      reasons: ['tools missing: search'],
      kind: 'tools_missing',
    })
    const weak = { ...well, reason: 'certificate_ends', code: '3' } as const
    expect(judgeComponent({ ...evidence, result: weak }, THRESHOLDS)).toEqual({
      status: 'degraded',
      reasons: ['days left of the certificate: 3'],
      kind: 'certificate_ends',
    })
  })

  test('one failure that is not yet enough changes nothing', () => {
    const result = { ok: false, latencyMs: 3, reason: 'timeout' } as const
    expect(judgeComponent({ ...evidence, result }, THRESHOLDS).status).toBe('healthy')
  })
})

describe(promises('C10.system.green', 'C10.system.yellow', 'C10.system.red'), () => {
  const component = (status: ComponentReport['status'], known = 0, missing = 0): ComponentReport => {
    const names = Array.from({ length: known }, (_, index) => `tool-${index}`)
    const tools = known > 0 ? { tools: { known: names, missing: names.slice(0, missing) } } : {}
    return {
      name: 'server',
      type: 'mcp',
      status,
      reasons: status === 'healthy' ? [] : ['a reason'],
      failures: 0,
      ...tools,
    }
  }
  const judge = (components: readonly ComponentReport[], more: object = {}) =>
    judgeSystem(components, { criticalAlerts: 0, ...more }, THRESHOLDS)

  test.each([
    ['everything is up', [component('healthy', 5), component('healthy')], {}, 'GREEN'],
    ['errors and p95 just below', [component('healthy')], { traffic: { errorRatio: 0.0099, p95Ms: 999 } }, 'GREEN'],
    ['a tool is missing', [component('healthy', 5, 1)], {}, 'YELLOW'],
    ['more than a fifth of the tools are missing', [component('healthy', 5, 2)], {}, 'RED'],
    ['a server with a fifth of the tools is down', [component('healthy', 8), component('unhealthy', 2)], {}, 'YELLOW'],
    ['a server with more of them is down', [component('healthy', 7), component('unhealthy', 2)], {}, 'RED'],
    ['the only component is down', [component('unhealthy')], {}, 'RED'],
    [
      'one of five components without tools is down',
      [...Array(4).fill(component('healthy')), component('unhealthy')],
      {},
      'YELLOW',
    ],
    ['a component is degraded', [component('degraded', 3)], {}, 'YELLOW'],
    ['1 % errors', [component('healthy')], { traffic: { errorRatio: 0.01, p95Ms: 1 } }, 'YELLOW'],
    ['p95 of 1 s', [component('healthy')], { traffic: { errorRatio: 0, p95Ms: 1000 } }, 'YELLOW'],
    ['5 % errors', [component('healthy')], { traffic: { errorRatio: 0.05, p95Ms: 1 } }, 'RED'],
    ['p95 of 5 s', [component('healthy')], { traffic: { errorRatio: 0, p95Ms: 5000 } }, 'RED'],
    ['a critical alert', [component('healthy')], { criticalAlerts: 1 }, 'RED'],
    ['what was not looked at yet is no trouble', [component('unknown', 3), component('unknown')], {}, 'GREEN'],
  ] as const)('%s: %4$s', (_, components, more, colour) => {
    const judged = judge(components, more)
    expect(judged.colour).toBe(colour)
    expect(judged.reasons.length > 0).toBe(colour !== 'GREEN')
  })

  test('a RED is not taken back by what is only YELLOW', () => {
    const judged = judge([component('healthy')], { criticalAlerts: 2, traffic: { errorRatio: 0.02, p95Ms: 1 } })
    expect(judged).toMatchObject({ colour: 'RED', reasons: ['2 % of the calls failed', 'critical alerts: 2'] })
  })

  test('what has no tools that are known is not told of as if it were tools', () => {
    const reasonsOf = (...components: readonly ComponentReport[]) =>
      judge(components).reasons.filter((reason) => !reason.startsWith('server is'))
    const [website, silent] = [{ ...component('unhealthy'), type: 'http' }, component('unhealthy')]
    expect(reasonsOf(component('unhealthy', 9))).toEqual(['0 of 9 tools are there'])
    expect(reasonsOf(silent, silent)).toEqual(['no tools could be listed of 2 servers'])
    expect(reasonsOf(component('healthy', 9), silent)).toEqual(['no tools could be listed of one server'])
    expect(reasonsOf(component('healthy', 5, 1), website, { ...component('healthy'), type: 'tcp' })).toEqual([
      '4 of 5 tools are there',
      '1 of 2 components without tools are up',
    ])
  })

  test('thresholds are settable', () => {
    const own = monitorOptions.parse({ healthy: { latencyMs: 50 }, degraded: { latencyMs: 100 }, yellowToolRatio: 0.5 })
    const judged = judgeSystem(
      [component('healthy', 4, 2)],
      { criticalAlerts: 0, traffic: { errorRatio: 0, p95Ms: 60 } },
      own,
    )
    expect(judged.colour).toBe('YELLOW')
  })
})

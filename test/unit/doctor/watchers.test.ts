/** The doctor with those who ask for metrics: a page, Debian's Prometheus, and a Grafana that says what it is told to. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Finding } from '../../../packages/server/src/doctor/index.js'
import { freePort } from '../../fixtures/databases.js'
import { type Complaint, diagnosed, findings, patient } from '../../fixtures/patient.js'
import { type RunningPrometheus, startPrometheus } from '../../fixtures/prometheus.js'
import { until } from '../../fixtures/until.js'
import { promises } from '../../requirements.js'

const home = mkdtempSync(join(tmpdir(), 'mcp-vitals-doctor-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** A server that answers by path: a text, or a status. */
async function answering(pages: Readonly<Record<string, string | number>>): Promise<string> {
  const server = createServer((message, response) => {
    const page = pages[(message.url ?? '').split('?', 1)[0]!] ?? 404
    if (typeof page === 'number') response.writeHead(page).end()
    else response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(page)
  })
  await listen(server)
  onTestFinished(() => void server.close())
  return urlOf(server)
}
const listen = (server: Server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const urlOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const daemonAt = (url: string) => ({ url, pid: process.pid, startedAt: 0, is: 'answers' }) as const
const PAGE =
  'mcp_tool_calls_total{server="notes",tool="read",status="success"} 3\nmcp_vitals_build_info{version="1"} 1\n'

describe(promises('C13.trouble.no-metrics'), () => {
  test('is the server up: a daemon that never was, one that is gone, one of another state directory', async () => {
    const url = await answering({ '/metrics': PAGE })
    const load = { env: { MCP_VITALS_PORT: new URL(url).port } }
    const never = await findings(
      'metrics',
      patient(home, { load: { env: { MCP_VITALS_PORT: String(await freePort()) } } }),
    )
    expect(never).toMatchObject([{ severity: 'note', problem: expect.stringContaining('No daemon runs') }])
    const [gone] = await findings('metrics', patient(home, { load, daemon: { ...daemonAt(url), is: 'gone' } }))
    expect(gone).toMatchObject({ severity: 'error' })
    expect(gone!.evidence.join('\n')).toMatch(/which is gone\n.*another mcp-vitals answers/)
    expect(gone!.fix.join('\n')).toMatch(
      /^mcp-vitals up\n[\s\S]*curl -s http:\/\/127\.0\.0\.1:\d+\/metrics \| grep mcp_$/,
    )
  })

  test.each([
    ['switched off', { env: { ENABLE_METRICS: 'false' } }, {}, 'warning', 'Metrics are switched off.'],
    ['refused', {}, { '/metrics': 403 }, 'error', /^The page of metrics is not served at/],
    ['of another prefix', {}, { '/metrics': 'other_calls_total 1\n' }, 'error', /has no line that begins with mcp_\.$/],
    [
      'of another path',
      { env: { METRICS_PATH: '/numbers' } },
      { '/metrics': PAGE },
      'error',
      /not served at .*\/numbers/,
    ],
  ])('a page that is %s', async (_, load, pages, severity, problem) => {
    const url = await answering(pages)
    const [finding] = await findings('metrics', patient(home, { load, daemon: daemonAt(url) }))
    expect(finding).toMatchObject({
      severity,
      problem: typeof problem === 'string' ? problem : expect.stringMatching(problem),
    })
  })

  test('a page that is there, and one that tells of no call', async () => {
    const servers = { notes: { command: 'true', args: [], env: {} } }
    const url = await answering({ '/metrics': PAGE, '/health': '{}' })
    expect(await diagnosed('metrics', patient(home, { servers, daemon: daemonAt(url) }))).toEqual({
      is: 'looked',
      seen: `1 series at ${url}/metrics, 3 tool calls`,
      findings: [],
    })
    const quiet = await answering({ '/metrics': PAGE.replace('} 3', '} 0'), '/health': '{}' })
    const [finding] = await findings('metrics', patient(home, { servers, daemon: daemonAt(quiet) }))
    expect(finding).toMatchObject({ severity: 'note', problem: 'No tool call was seen yet.' })
    expect(finding!.fix[0]).toBe(`{ "mcpServers": { "notes": { "url": "${quiet}/mcp/notes" } } }`)
  })

  describe('does Prometheus scrape it', () => {
    let scraped: Server
    let down = 0
    let running: RunningPrometheus
    beforeAll(async () => {
      scraped = createServer((_, response) => void response.writeHead(200, { 'content-type': 'text/plain' }).end(PAGE))
      await listen(scraped)
      down = await freePort()
      const job = (name: string, target: string) => ({ job_name: name, static_configs: [{ targets: [target] }] })
      running = await startPrometheus({
        config: {
          global: { scrape_interval: '1s', scrape_timeout: '1s' },
          scrape_configs: [job('well', new URL(urlOf(scraped)).host), job('ill', `localhost:${down}`)],
        },
      })
    })
    afterAll(async () => {
      await running.stop()
      scraped.close()
    })
    const found = (metricsUrl: string, more: Complaint = {}): Promise<readonly Finding[]> =>
      findings(
        'prometheus',
        patient(home, { daemon: daemonAt(metricsUrl), asked: { prometheus: running.api }, ...more }),
      )

    test('it does', async () => {
      let last: unknown
      await until(
        async () => {
          last = await diagnosed(
            'prometheus',
            patient(home, { daemon: daemonAt(urlOf(scraped)), asked: { prometheus: running.api } }),
          )
          return (last as { seen: string }).seen.endsWith(', 2 series')
        },
        30_000,
        () => JSON.stringify(last),
      )
      expect(last).toMatchObject({ findings: [], seen: `${running.api} scrapes well, 2 series` })
    })

    test('it tries, and nothing listens: with the words of its last error', async () => {
      const load = { env: { MCP_VITALS_PORT: String(down) } }
      let last: readonly Finding[] = []
      await until(
        async () => {
          last = await found('', { daemon: undefined, load })
          return last[0]?.severity === 'error'
        },
        30_000,
        () => JSON.stringify(last),
      )
      expect(last).toMatchObject([{ subject: 'ill', problem: 'Prometheus tries to scrape this daemon, and fails.' }])
      expect(last[0]!.evidence[1]).toMatch(/^last error: .*connection refused/)
      expect(last[0]!.next).toContain('Nothing listens there, as Prometheus sees it')
    })

    test('it has no target of ours: with the scrape_config to paste', async () => {
      const port = await freePort()
      const [finding] = await found(`http://127.0.0.1:${port}`)
      expect(finding).toMatchObject({
        severity: 'error',
        problem: expect.stringContaining('has no target with its address'),
      })
      expect(finding!.fix.join('\n')).toContain(
        `scrape_configs:\n  - job_name: mcp-vitals\n    static_configs: [{ targets: ['127.0.0.1:${port}'] }]`,
      )
      expect(finding!.fix.join('\n')).toContain('/api/v1/targets')
    })

    test('something else is at its address, or nothing', async () => {
      const [other] = await found(urlOf(scraped), { asked: { prometheus: urlOf(scraped) } })
      expect(other!.problem).toMatch(/^Prometheus does not answer at http/)
      const daemon = await answering({ '/api/v1/status/buildinfo': '{"data":{"version":"3.0.0+mcp-vitals.0.1.0"}}' })
      const [own] = await found(urlOf(scraped), { asked: { prometheus: daemon } })
      expect(own!.problem).toMatch(/is a daemon of mcp-vitals, and no Prometheus\.$/)
    })
  })

  test.each([
    ['context deadline exceeded', /mostly by a firewall/, /ufw allow/],
    ['server returned HTTP status 403 Forbidden', /is not known there/, /allowedHosts/],
    ['server returned HTTP status 401 Unauthorized', /admin token/, /OPEN_SCRAPE/],
    ['server returned HTTP status 404 Not Found', /at a path where nothing is/, /metrics_path: \/metrics/],
    ['http: server gave HTTP response to HTTPS client', /It speaks TLS/, /scheme: http/],
  ])('its last error %s is explained', async (lastError, next, fix) => {
    const target = { scrapeUrl: 'http://127.0.0.1:9464/metrics', health: 'down', lastError, labels: { job: 'mcp' } }
    const prometheus = await answering({
      '/api/v1/status/buildinfo': '{"data":{"version":"2.53.0"}}',
      '/api/v1/targets': JSON.stringify({ data: { activeTargets: [target], droppedTargets: [] } }),
    })
    const [finding] = await findings('prometheus', patient(home, { load: { env: {} }, asked: { prometheus } }))
    expect(finding!.next).toMatch(next)
    expect(finding!.fix.join('\n')).toMatch(fix)
  })

  test('scraped long ago', async () => {
    const lastScrape = new Date(Date.now() - 600_000).toISOString()
    const target = {
      scrapeUrl: 'http://127.0.0.1:9464/metrics',
      health: 'up',
      lastError: '',
      lastScrape,
      scrapeInterval: '15s',
    }
    const prometheus = await answering({
      '/api/v1/status/buildinfo': '{"data":{"version":"2.53.0"}}',
      '/api/v1/targets': JSON.stringify({ data: { activeTargets: [target] } }),
    })
    const [finding] = await findings('prometheus', patient(home, { load: { env: {} }, asked: { prometheus } }))
    expect(finding).toMatchObject({ severity: 'warning', problem: 'Prometheus last scraped this daemon 10 min ago.' })
  })
})

describe(promises('C13.trouble.grafana-empty'), () => {
  const HEALTH = { '/api/health': '{"database":"ok"}' }
  const source = { uid: 'p1', name: 'Prometheus', type: 'prometheus', url: 'http://localhost:9090' }
  const QUERY = '/api/datasources/proxy/uid/p1/api/v1/query'
  const result = (rows: unknown[]) =>
    JSON.stringify({ status: 'success', data: { resultType: 'vector', result: rows } })
  const asked = async (pages: Record<string, string | number>, token?: string) => {
    const grafana = await answering(pages)
    const env = token === undefined ? {} : { GRAFANA_TOKEN: token }
    return findings('grafana', patient(home, { load: { env: {} }, env, asked: { grafana } }))
  }

  test('without a token: data source, query and time range, in this order, with the lines to paste', async () => {
    const [finding] = await asked(HEALTH)
    expect(finding).toMatchObject({
      severity: 'note',
      problem: expect.stringMatching(/data source, query, time range/),
    })
    expect(finding!.fix[0]).toBe('curl -s http://127.0.0.1:9464/metrics | grep mcp_')
    expect(finding!.fix[1]).toBe('sum by (tool) (rate(mcp_tool_calls_total[5m]))')
    expect(finding!.next).toMatch(/Save & test[\s\S]*time range/)
  })

  test('with a token: no data source, one that cannot be asked, one without our series, one that is well', async () => {
    expect(await asked({ ...HEALTH, '/api/datasources': '[]' }, 't')).toMatchObject([
      { severity: 'error', problem: 'Grafana has no data source of the type Prometheus.' },
    ])
    const listed = { ...HEALTH, '/api/datasources': JSON.stringify([source]) }
    const [unasked] = await asked({ ...listed, [QUERY]: 502 }, 't')
    expect(unasked).toMatchObject({ subject: 'Prometheus', problem: 'Grafana cannot ask this data source.' })
    const [bare] = await asked({ ...listed, [QUERY]: result([]) }, 't')
    expect(bare).toMatchObject({ problem: 'This data source has no series that begins with mcp_.' })
    expect(await asked({ ...listed, [QUERY]: result([{ metric: {}, value: [1, '12'] }]) }, 't')).toEqual([])
    const [refused] = await asked({ ...HEALTH, '/api/datasources': 403 }, 't')
    expect(refused).toMatchObject({ severity: 'warning', problem: expect.stringContaining('GRAFANA_TOKEN') })
  })

  test('Grafana that is down', async () => {
    const [finding] = await asked({ '/api/health': 503 })
    expect(finding).toMatchObject({ severity: 'error', evidence: ['asking /api/health gave HTTP 503'] })
  })
})

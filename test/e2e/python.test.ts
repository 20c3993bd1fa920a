/** The Python file against a real daemon: what a program records is there, and each thing once. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { EventOf, EventType } from '../../packages/instrument/src/event/index.js'
import { openStore } from '../../packages/server/src/store/index.js'
import { storeOptions } from '../../packages/server/src/store/options.js'
import { daemonOfTest, metric } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'
import { promises } from '../requirements.js'

const CLIENT = join(process.cwd(), 'clients/python')
const DEADLINE_MS = 40_000

/** A server whose tools stand in a registry, as FastMCP's do: the registry calls them by name, by their signature. */
const SHOP = `
import asyncio, inspect, os, sys, threading
import mcp_vitals as vitals
vitals.configure(server="shop")
TOOLS = {}
def tool(function):
    TOOLS[function.__name__] = (function, inspect.signature(function))
    return function
def call(name, **arguments):
    function, signature = TOOLS[name]
    signature.bind(**arguments)
    try:
        result = function(**arguments)
        return asyncio.run(result) if inspect.iscoroutine(result) else result
    except Exception as error:
        return {"isError": True, "text": str(error)}

@tool
@vitals.monitored_tool
def add(a: int, b: int) -> int:
    if a < 0:
        raise ValueError("a secret of 4111-1111-1111-1111")
    return a + b

@tool
@vitals.monitored_tool
async def lookup(key: str) -> str:
    await asyncio.sleep(0)
    return key
`

interface Python {
  readonly child: ChildProcessWithoutNullStreams
  out(): string
  err(): string
  /** Resolves to its exit status. */
  readonly ended: Promise<number | null>
}

function python(dataDir: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Python {
  const child = spawn('python3', args, {
    env: { ...process.env, PYTHONPATH: CLIENT, PYTHONDONTWRITEBYTECODE: '1', MCP_VITALS_DATA: dataDir, ...env },
  })
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    err += text
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return { child, out: () => out, err: () => err, ended: once(child, 'close').then(([code]) => code) }
}

/** Runs a program to its end; it must succeed and say nothing on stderr. */
async function run(dataDir: string, program: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const running = python(dataDir, ['-c', program], env)
  expect([await running.ended, running.err()]).toEqual([0, ''])
  return running.out()
}

function directory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'mcp-vitals-python-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** The events of the shop that a stopped daemon's store holds. */
async function kept<T extends EventType>(dataDir: string, type: T): Promise<readonly EventOf<T>[]> {
  const store = await openStore({ dir: dataDir, options: storeOptions.parse({}) })
  try {
    return (await store.read({ type, server: 'shop', limit: 10_000 })) as unknown as readonly EventOf<T>[]
  } finally {
    await store.close()
  }
}

const calls = (url: string, tool: string, status: string) =>
  metric(url, 'mcp_tool_calls_total', { server: 'shop', tool, status })

describe('a Python program', () => {
  test(promises('C6.python.monitored-tool', 'C6.python.posts-to-ingest', 'C6.python.one-file'), async () => {
    const dir = directory()
    const { url, stop } = await daemonOfTest({ dataDir: dir })
    const program = `${SHOP}
assert call("add", a=1, b=2) == 3 and call("lookup", key="k") == "k"
workers = [threading.Thread(target=lambda: [call("add", a=1, b=2) for _ in range(100)]) for _ in range(4)]
for worker in workers: worker.start()
for worker in workers: worker.join()
for _ in range(5): assert call("add", a=-1, b=2)["text"].startswith("a secret")
for _ in range(9): call("lookup", key="k")
`
    await run(dir, program)
    expect(await calls(url, 'add', 'success')).toBe(401)
    expect(await calls(url, 'add', 'error')).toBe(5)
    expect(await calls(url, 'lookup', 'success')).toBe(10)
    const failed = { server: 'shop', tool: 'add', type: 'ValueError', reason: 'tool_error' }
    expect(await metric(url, 'mcp_errors_total', failed)).toBe(5)
    const sized = { server: 'shop', method: 'tools/call' }
    expect(await metric(url, 'mcp_requests_total', sized)).toBe(411)
    expect(await metric(url, 'mcp_request_size_bytes_count', sized)).toBeUndefined()
    expect(await metric(url, 'mcp_requests_in_flight', { server: 'shop' })).toBe(0)
    await stop()
    const ended = await kept(dir, 'request.ended')
    expect(new Set(ended.map(({ operation }) => operation)).size).toBe(416)
    expect(ended).toHaveLength(416)
    for (const file of readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()))
      expect(readFileSync(join(file.parentPath, file.name)).includes('4111-1111')).toBe(false)
    const imports = readFileSync(join(CLIENT, 'mcp_vitals.py'), 'utf8').matchAll(/^(?:import|from) ([\w.]+)/gm)
    const list = [...imports].map(([, name]) => name!.split('.')[0]!)
    await run(dir, `import sys; assert set(${JSON.stringify(list)}) <= sys.stdlib_module_names`)
  })

  test('has a tool’s first failure under its name, at every daemon, whatever names are invented', async () => {
    const dir = directory()
    const running = python(dir, [
      '-c',
      `${SHOP}
print("ready", flush=True)
for line in sys.stdin:
    for number in range(300):
        try:
            with vitals.record_tool_call(f"invented{line.strip()}-{number}"): raise KeyError(number)
        except KeyError: pass
    call("add", a=-1, b=2); vitals.record_error("PaymentError", "pay", "refused")
    print("called", vitals.flush(30), flush=True)
`,
    ])
    const add = { server: 'shop', tool: 'add' }
    for (const round of [1, 2]) {
      const { url, stop } = await daemonOfTest({ dataDir: dir })
      running.child.stdin.write(`${round}\n`)
      const lines = () => running.out().split('called').length - 1
      await until(() => lines() === round, DEADLINE_MS, running.err)
      await until(async () => (await calls(url, 'add', 'error')) === 1, DEADLINE_MS, running.err)
      expect(await metric(url, 'mcp_errors_total', { ...add, type: 'ValueError', reason: 'tool_error' })).toBe(1)
      expect(await metric(url, 'mcp_tool_availability', { server: 'shop', tool_name: 'lookup' })).toBe(1)
      expect(await calls(url, 'unknown', 'error')).toBeGreaterThanOrEqual(200)
      const text = await (await fetch(`${url}/metrics`)).text()
      const known = text.split('\n').filter((row) => row.startsWith('mcp_tool_availability{server="shop"'))
      expect(known).toHaveLength(100 + 2)
      await stop('SIGKILL')
    }
    running.child.stdin.end()
    await running.ended
  })

  test(promises('C6.python.record-tool-call', 'C6.python.record-error', 'C6.python.record-llm-tokens'), async () => {
    const dir = directory()
    const { url, stop } = await daemonOfTest({ dataDir: dir })
    await run(
      dir,
      `${SHOP}
with vitals.record_tool_call("my_tool"):
    pass
vitals.record_error("PaymentError", "my_tool", "card 4111 of bob was refused")
vitals.record_llm_tokens("openai", "gpt-4o", 120, 30)
vitals.record_llm_tokens("openai", "gpt-4o", input_tokens=1, output_tokens=2)
vitals.message_sent("sms"); vitals.webhook_received("sms_status"); vitals.agent_provisioned("a-1")
vitals.agent_deprovisioned("a-1"); vitals.agent_usage("search", "a-1"); vitals.voice_started("v-1"); vitals.voice_ended("v-1")
vitals.rate_limit_hit("per_agent"); vitals.auth_failure("bad_key"); vitals.validation_failure("too_long", "my_tool")
vitals.security_event("injection", "HIGH"); vitals.record_spend("openai", 0.02, "gpt-4o"); vitals.business("orders", 2)
assert vitals.stats()["faults"] == 0
`,
    )
    expect(await calls(url, 'my_tool', 'success')).toBe(1)
    const error = { server: 'shop', tool: 'my_tool', type: 'PaymentError', reason: 'connection_refused' }
    expect(await metric(url, 'mcp_errors_total', error)).toBe(1)
    expect(await metric(url, 'mcp_vitals_ingest_events_accepted_total')).toBe(18 + 1) // the tools' names
    for (const reason of ['field', 'unknown_type', 'version', 'not_an_object'])
      expect(await metric(url, 'mcp_vitals_ingest_events_rejected_total', { reason })).toBe(0)
    await stop()
    const usage = (await kept(dir, 'usage')).map(({ inputTokens, outputTokens, costUsd }) => [
      inputTokens,
      outputTokens,
      costUsd,
    ])
    expect(usage.sort()).toEqual(
      [
        // What tokens cost is known by their model.
        [1, 2, expect.any(Number)],
        [120, 30, expect.any(Number)],
        [undefined, undefined, 0.02],
      ].sort(),
    )
    expect(await kept(dir, 'voice')).toMatchObject([{ id: 'v-1' }, { id: 'v-1' }])
  })

  test('that forks has each process’s calls counted once', async () => {
    const dir = directory()
    const { url } = await daemonOfTest({ dataDir: dir })
    const program = `${SHOP}
for _ in range(50): call("add", a=1, b=2)
server = vitals.start_metrics_server_background(port=0)
for _ in range(3):
    if os.fork() == 0:
        for _ in range(20): call("add", a=1, b=2)
        sys.exit()
for _ in range(3): os.wait()
import multiprocessing
worker = multiprocessing.get_context("fork").Process(target=lambda: call("add", a=1, b=2))
worker.start(); worker.join()
server.stop()
again = vitals.start_metrics_server_background(port=server.port)
assert again.server is not None, "a child holds the port"
`
    // From 3.12 on Python warns of any fork beside a thread; to bear one is what is tried here.
    await run(dir, program, { PYTHONWARNINGS: 'ignore::DeprecationWarning' })
    expect(await calls(url, 'add', 'success')).toBe(50 + 3 * 20 + 1)
  })

  test('goes on without a daemon, with one that comes, is killed and comes back: everything arrives once', async () => {
    const dir = directory()
    const running = python(dir, [
      '-c',
      `${SHOP}
print("ready", flush=True)
for line in sys.stdin:
    for _ in range(100): call("add", a=1, b=2)
    print("called", vitals.stats()["faults"], flush=True)
assert vitals.flush(30)
assert vitals.stats()["dropped"] == 0
`,
    ])
    let asked = 0
    const call100 = async () => {
      running.child.stdin.write('\n')
      asked++
      await until(() => running.out().split('called 0').length > asked, DEADLINE_MS, running.err)
    }
    await call100()
    const first = await daemonOfTest({ dataDir: dir })
    await until(async () => (await calls(first.url, 'add', 'success')) === 100, DEADLINE_MS, running.err)
    await call100()
    await first.stop('SIGKILL')
    await call100()
    const second = await daemonOfTest({ dataDir: dir })
    await call100()
    running.child.stdin.end()
    expect([await running.ended, running.err()]).toEqual([0, ''])
    await second.stop()
    const ended = await kept(dir, 'request.ended')
    expect([ended.length, new Set(ended.map(({ operation }) => operation)).size]).toEqual([400, 400])
  })

  test('may be told where the daemon is, and sends this machine’s token to no other', async () => {
    const dir = directory()
    const { url } = await daemonOfTest({ dataDir: dir })
    const token = readFileSync(join(dir, 'token'), 'utf8').trim()
    const program = `${SHOP}\ncall("add", a=1, b=2)`
    await run(directory(), program, { MCP_VITALS_URL: url, MCP_VITALS_TOKEN: token })
    expect(await calls(url, 'add', 'success')).toBe(1)
    const find = 'import mcp_vitals as v; v.configure(url="http://192.0.2.1:9"); print(repr(v._find()[1]))'
    expect(await run(dir, find)).toBe("''\n")
  })

  test('that sends too much is held back, and loses nothing', async () => {
    const dir = directory()
    const file = { ingest: { eventsPerSecond: 500, burstSeconds: 1 } }
    const running = await daemonOfTest({ dataDir: dir, config: file })
    await run(dir, `${SHOP}\nfor _ in range(600): call("add", a=1, b=2)\nwhile not vitals.flush(30): pass`)
    expect(await calls(running.url, 'add', 'success')).toBe(600)
    const limited = { reason: 'events_per_second' }
    expect(await metric(running.url, 'mcp_vitals_ingest_posts_refused_total', limited)).toBeGreaterThan(0)
  })
})

describe('the metrics server in the background of a Python program', () => {
  test(
    promises(
      'C7.python.background',
      'C7.env.metrics-port',
      'C7.server.metrics',
      'C7.server.health',
      'C7.server.status-page',
    ),
    async () => {
      const program = `${SHOP}
call("add", a=1, b=2); call("add", a=-1, b=2); vitals.record_error("E", "add", 'quote " and \\\\ back')
with vitals.record_tool_call('line\\nfeed "quote" back\\\\slash'): pass
print(vitals.start_metrics_server_background(port=9090).port, flush=True)
sys.stdin.read()
`
      const running = python(directory(), ['-c', program], { METRICS_PORT: '0' })
      await until(() => running.out().includes('\n'), DEADLINE_MS, running.err)
      const url = `http://127.0.0.1:${running.out().trim()}`
      expect(await metric(url, 'mcp_tool_calls_total', { tool: 'add', status: 'success' })).toBe(1)
      expect(await (await fetch(`${url}/health`)).json()).toMatchObject({ status: 'ok', server: 'shop' })
      const page = await fetch(`${url}/`)
      expect(page.headers.get('content-type')).toContain('text/html')
      expect(await page.text()).toContain('<td>add<td>success<td>1')
      const metrics = await fetch(`${url}/metrics`)
      expect(metrics.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
      const promtool = spawn('promtool', ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] })
      let said = ''
      for (const pipe of [promtool.stdout, promtool.stderr])
        pipe.on('data', (text) => {
          said += text
        })
      promtool.stdin.end(await metrics.text())
      const [status] = await once(promtool, 'close')
      expect([status, said]).toEqual([0, ''])
      running.child.stdin.end()
      expect([await running.ended, running.err()]).toEqual([0, ''])
    },
  )
})

describe('its documents and its own tests', () => {
  const example = (page: string) => /^```python\n([\s\S]*?)^```/m.exec(readFileSync(page, 'utf8'))?.[1] ?? ''

  test('the lines of its README work', async () => {
    const dir = directory()
    const { url } = await daemonOfTest({ dataDir: dir })
    expect(await run(dir, example(join(CLIENT, 'README.md')), { METRICS_PORT: '0' })).toBe('5\n')
    expect(await calls(url, 'add', 'success')).toBe(1)
    expect(await calls(url, 'lookup', 'success')).toBe(1)
  })

  test('the lines of the ingest’s page work', async () => {
    const dir = directory()
    const { url } = await daemonOfTest({ dataDir: dir })
    await run(dir, example(join(process.cwd(), 'docs/reference/ingest.md')))
    const labels = { server: 'orders', tool: 'place_order', status: 'success' }
    expect(await metric(url, 'mcp_tool_calls_total', labels)).toBe(1)
    expect(await metric(url, 'mcp_vitals_events_total', { type: 'business' })).toBe(1)
  })

  test('its unit tests pass', async () => {
    const running = python(directory(), ['-m', 'unittest', 'discover', '-s', CLIENT])
    expect(await running.ended, running.err()).toBe(0)
    expect(running.err()).toMatch(/Ran [1-9]\d* tests/)
  })

  test('what a call costs is printed', async () => {
    const program = `${SHOP}
import time
began = time.perf_counter()
for _ in range(20000): add(1, 2)
print(f"{(time.perf_counter() - began) / 20000 * 1e6:.1f}")
`
    const microseconds = Number(await run(directory(), program))
    console.log(`monitored_tool: ${microseconds} µs a call`)
    expect(microseconds).toBeGreaterThan(0)
  })
})

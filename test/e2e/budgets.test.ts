/** Budgets from end to end: money that is told of, what is said of it, what the gateway refuses, and that a restart keeps it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { daemonOfTest, metric, type RunningDaemon } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'
import { promises } from '../requirements.js'
import { connect, REAL } from './gateway-harness.js'

const config = {
  servers: { everything: { command: process.execPath, args: [REAL.everything, 'stdio'] } },
  budgets: { all: { limitUsd: 10, refuse: ['echo'] } },
}

async function spend(daemon: RunningDaemon, spent: object): Promise<void> {
  const token = readFileSync(join(daemon.dataDir, 'token'), 'utf8').trim()
  const usage = { type: 'usage', server: 'llm', provider: 'openai', estimated: false, ...spent }
  const answer = await fetch(`${daemon.url}/v1/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ sender: { kind: 'script', name: 'llm', version: '1' }, events: [usage] }),
  })
  expect(await answer.json()).toMatchObject({ rejected: [] })
}

/** Calls `echo` through the gateway, and gives the message of a refusal. */
async function echo(daemon: RunningDaemon): Promise<string | undefined> {
  const { client } = await connect(new URL(`${daemon.url}/mcp/everything`))
  try {
    await client.callTool({ name: 'echo', arguments: { message: 'hello' } })
    return undefined
  } catch (error) {
    return (error as Error).message
  } finally {
    await client.close()
  }
}

test(promises('A8.trigger.spending'), async () => {
  const first = await daemonOfTest({ config })
  const line = (daemon: RunningDaemon, event: string) => daemon.lines().find((each) => each.event === event)
  await spend(first, { costUsd: 8.5 })
  await until(() => line(first, 'budget_warned') !== undefined, 10_000, first.stdout)
  expect(line(first, 'budget_warned')).toMatchObject({
    level: 'warning',
    severity: 'MEDIUM',
    budget: 'all',
    spentUsd: 8.5,
    message: expect.stringMatching(/^Budget warned: all, 8\.50 of 10\.00 USD this month/),
  })
  expect(await metric(first.url, 'mcp_budget_spent_usd', { budget: 'all' })).toBe(8.5)
  expect(await echo(first)).toBeUndefined()
  await spend(first, { costUsd: 2 })
  await until(() => line(first, 'budget_reached') !== undefined, 10_000, first.stdout)
  expect(line(first, 'budget_reached')).toMatchObject({ level: 'error', severity: 'HIGH' })
  expect(await echo(first)).toMatch(/The budget .{1,2}all.{1,2} is spent/)
  expect(await metric(first.url, 'mcp_rate_limit_hits_total', { limit_type: 'budget' })).toBe(1)
  expect(await metric(first.url, 'mcp_budget_events_total', { budget: 'all', stage: 'reached' })).toBe(1)

  // Tokens cost what the list of prices says, and the store keeps that.
  const model = 'gpt-5-mini'
  await spend(first, { model, inputTokens: 1_000_000, outputTokens: 1_000_000 })
  const costUsd = (await metric(first.url, 'mcp_llm_cost_usd_total', { model })) as number
  expect(costUsd).toBeGreaterThan(0)
  expect(await metric(first.url, 'mcp_budget_spent_usd', { budget: 'all' })).toBe(10.5 + costUsd)

  // A killed daemon has told nobody that it ends: the next one counts anew what the store kept, and tells nothing twice.
  const { dataDir } = first
  first.process.kill('SIGKILL')
  await until(
    () => first.process.signalCode !== null,
    10_000,
    () => 'it lives',
  )
  const second = await daemonOfTest({ config, dataDir })
  expect(await metric(second.url, 'mcp_budget_spent_usd', { budget: 'all' })).toBe(10.5 + costUsd)
  expect(await echo(second)).toMatch(/The budget .{1,2}all.{1,2} is spent/)
  expect(line(second, 'budget_reached')).toBeUndefined()
})

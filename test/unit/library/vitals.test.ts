import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import type { Event } from '../../../packages/instrument/src/event/index.js'
import { processMetrics } from '../../../packages/instrument/src/metrics/index.js'
import { messageSent } from '../../../packages/instrument/src/record.js'
import { EARLY_EVENTS, vitals } from '../../../packages/instrument/src/vitals/index.js'

// In this order: the hub is one in the process, and its youth ends once.

test('the first events wait for the first listener, and what finds no room is counted', () => {
  const hub = vitals()
  for (let i = 0; i < EARLY_EVENTS + 7; i++) messageSent(`channel-${i}`)
  expect(hub.stats.lost).toBe(7)
  const heard: Event[] = []
  const detach = hub.attach((event) => heard.push(event))
  expect(heard).toHaveLength(EARLY_EVENTS)
  expect([heard[0], heard.at(-1)]).toMatchObject([{ channel: 'channel-0' }, { channel: `channel-${EARLY_EVENTS - 1}` }])
  messageSent('live')
  detach()
  messageSent('unheard')
  expect(heard).toHaveLength(EARLY_EVENTS + 1)
  const late: Event[] = []
  hub.attach((event) => late.push(event))()
  expect(late).toEqual([])
})

test('the page says how many found no room', () => {
  expect(processMetrics().view({}).expose('prometheus')).toContain(
    'mcp_vitals_sink_events_dropped_total{sink="early",reason="overflow"} 7\n',
  )
})

test('what another copy of the package records is on the page of this one', async () => {
  const copy = mkdtempSync(join(tmpdir(), 'mcp-vitals-copy-'))
  onTestFinished(() => rmSync(copy, { recursive: true, force: true }))
  cpSync(fileURLToPath(new URL('../../../packages/instrument', import.meta.url)), copy, { recursive: true })
  const other = (await import(pathToFileURL(join(copy, 'dist/record.js')).href)) as { messageSent: typeof messageSent }
  expect(other.messageSent).not.toBe(messageSent)
  other.messageSent('copied', true, { server: 'copy' })
  expect(processMetrics().view({}).expose('prometheus')).toContain(
    'mcp_messages_sent_total{server="copy",channel="copied"} 1\n',
  )
})

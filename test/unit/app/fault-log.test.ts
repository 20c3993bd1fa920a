import { expect, test } from 'vitest'
import { createFaultLog } from '../../../packages/server/src/app/fault-log.js'

test('a sink that fails at every batch is told of once, and once that it works again', async () => {
  const told: string[] = []
  const faults = createFaultLog({
    fault: (event, where, error) => void told.push(`${event} ${where}: ${(error as Error).message}`),
    info: (event, message) => void told.push(`${event} ${message}`),
  })
  const sink = faults.watched({ name: 'store', queueLimit: 1, write: async () => {}, close: async () => {} })
  await sink.write([])
  for (let batch = 0; batch < 3; batch++) faults.failed('store', new Error('the disk is full'))
  faults.failed('store', new Error('the disk fails'))
  await sink.write([])
  await sink.write([])
  faults.failed('store', new Error('the disk fails'))
  expect(told).toEqual([
    'stream_fault store: the disk is full',
    'stream_fault store: the disk fails',
    'stream_recovered store: works again',
    'stream_fault store: the disk fails',
  ])
})

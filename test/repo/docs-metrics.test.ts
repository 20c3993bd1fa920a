import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { fullName, METRICS } from '../../packages/instrument/src/metrics/index.js'

const page = new URL('../../docs/reference/metrics.md', import.meta.url)

it('the reference pages are what the code gives', () => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/docs.mjs', '--check'], { encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})

it('the page of metrics has an entry for each, and no other', async () => {
  const headings = [...(await readFile(page, 'utf8')).matchAll(/^### `(.+)`$/gm)].map(([, name]) => name)
  expect(headings).toEqual(METRICS.map((metric) => fullName(metric)))
})

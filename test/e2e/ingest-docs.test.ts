import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { openDataDir } from '../../packages/server/src/datadir/index.js'
import { Kept, Receiver, temporaryDir } from './wrapped.js'

const PAGE = readFileSync(join(process.cwd(), 'docs/reference/ingest.md'), 'utf8')
const block = (language: string) => new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'm').exec(PAGE)?.[1] ?? ''

test('the example of the ingest’s page works, and answers what the page says', async () => {
  const dir = temporaryDir()
  const kept = new Kept()
  await Receiver.start(dir, kept)
  const daemon = await (await openDataDir(dir)).findDaemon()
  const command = block('sh').replace('http://127.0.0.1:9464', daemon!.url).replace('~/.local/state/mcp-vitals', dir)
  expect(command).toContain(daemon!.url)
  expect(command).toContain(dir)
  const { stdout } = await promisify(execFile)('sh', ['-c', command])
  expect(JSON.parse(stdout)).toEqual(JSON.parse(block('json')))
  expect(kept.of('business')).toMatchObject([{ server: 'orders', name: 'orders_placed', value: 1 }])
})

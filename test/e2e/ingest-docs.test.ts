import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { openDataDir } from '../../packages/server/src/datadir/index.js'
import { Kept, Receiver, temporaryDir } from './wrapped.js'

const PAGE = readFileSync(join(process.cwd(), 'docs/reference/ingest.md'), 'utf8')
const blocks = (language: string) =>
  [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, text = '']) => text)

test('the examples of the ingest’s page work, and answer what the page says', async () => {
  const dir = temporaryDir()
  const kept = new Kept()
  await Receiver.start(dir, kept)
  const daemon = await (await openDataDir(dir)).findDaemon()
  const answers = blocks('json')
  expect(blocks('sh')).toHaveLength(2)
  for (const [index, example] of blocks('sh').entries()) {
    const command = example.replace('http://127.0.0.1:9464', daemon!.url).replace('~/.local/state/mcp-vitals', dir)
    expect(command).toContain(daemon!.url)
    expect(command).toContain(dir)
    const { stdout } = await promisify(execFile)('sh', ['-c', command])
    expect(JSON.parse(stdout)).toEqual(JSON.parse(answers[index]!))
  }
  expect(kept.of('business')).toMatchObject([{ server: 'orders', name: 'orders_placed', value: 1 }])
  expect(kept.of('webhook')).toMatchObject([{ server: 'orders', kind: 'payment', v: 1 }])
})

import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished, test } from 'vitest'
import { openRules } from '../../../packages/server/src/app/rules.js'
import { configOptions } from '../../../packages/server/src/config/options.js'
import type { TimedGroup } from '../../../packages/server/src/engine/index.js'
import { until } from '../../fixtures/until.js'

const WAIT_MS = 20_000
const fileOf = (group: string) => `groups: [{ name: ${group}, rules: [{ alert: A, expr: up == 0 }] }]\n`

test('a rule file that comes or goes is one that a pattern names from then on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-vitals-rules-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'one.yml'), fileOf('one'))
  const config = configOptions.parse({ rules: { sets: [], files: [join(folder, '*.yml')] } })
  let groups: readonly TimedGroup[] = []
  const evaluate = (timed: readonly TimedGroup[]) => {
    groups = timed
  }
  const rules = await openRules({ config, file: undefined, engine: { evaluate } })
  onTestFinished(() => rules.stop())
  rules.follow(() => void rules.prepare(config).then((apply) => apply?.()))
  const names = () => groups.map(({ name }) => name).join()
  const become = (wanted: string) => until(() => names() === wanted, WAIT_MS, names)
  await become('one')

  writeFileSync(join(folder, 'two.yml.part'), fileOf('two'))
  renameSync(join(folder, 'two.yml.part'), join(folder, 'two.yml'))
  await become('one,two')
  // What came is followed like the others.
  writeFileSync(join(folder, 'two.yml'), fileOf('second'))
  await become('one,second')
  rmSync(join(folder, 'one.yml'))
  await become('second')
  rmSync(join(folder, 'two.yml'))
  await become('')
})

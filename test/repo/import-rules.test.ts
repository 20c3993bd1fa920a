import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROOT, sourceFiles } from './files.js'

/** One file that breaks one rule: `[rule, file below packages/, its text]`. */
const SEEDS: readonly (readonly [rule: string, file: string, text: string])[] = [
  ['event-direction', 'instrument/src/event/seed.ts', "import '../stream/index.js'"],
  ['mcp-direction', 'instrument/src/mcp/seed.ts', "import '../stream/index.js'"],
  ['stream-direction', 'instrument/src/stream/seed.ts', "import '../metrics/index.js'"],
  ['activity-direction', 'instrument/src/activity/seed.ts', "import '../mcp/index.js'"],
  ['metrics-direction', 'instrument/src/metrics/seed.ts', "import '../ship/index.js'"],
  ['ship-direction', 'instrument/src/ship/seed.ts', "import '../metrics/index.js'"],
  ['hand-direction', 'instrument/src/hand/seed.ts', "import '../metrics/index.js'"],
  ['http-direction', 'instrument/src/http/seed.ts', "import '../ship/index.js'"],
  ['node-direction', 'instrument/src/node/seed.ts', "import '../sdk/index.js'"],
  ['vitals-direction', 'instrument/src/vitals/seed.ts', "import '../metrics/index.js'"],
  ['sdk-direction', 'instrument/src/sdk/seed.ts', "import '../metrics/index.js'"],
  ['otel-direction', 'instrument/src/otel/seed.ts', "import '../sdk/index.js'"],
  ['version-direction', 'server/src/version/seed.ts', "import '../store/index.js'"],
  ['folders-direction', 'server/src/folders/seed.ts', "import '../errors/index.js'"],
  ['errors-direction', 'server/src/errors/seed.ts', "import '../store/index.js'"],
  ['state-direction', 'server/src/state/seed.ts', "import '../store/index.js'"],
  ['promql-direction', 'server/src/promql/seed.ts', "import '../store/index.js'"],
  ['rules-direction', 'server/src/rules/seed.ts', "import '../store/index.js'"],
  ['series-direction', 'server/src/series/seed.ts', "import '../store/index.js'"],
  ['engine-direction', 'server/src/engine/seed.ts', "import '../faces/alpha/index.js'"],
  ['engine-take-types-only', 'server/src/engine/seed-value.ts', "import '../store/index.js'"],
  ['checks-direction', 'server/src/checks/seed.ts', "import '../sources/alpha/index.js'"],
  ['monitor-direction', 'server/src/monitor/seed.ts', "import '../store/index.js'"],
  ['providers-direction', 'server/src/providers/seed.ts', "import '../sources/alpha/index.js'"],
  ['children-direction', 'server/src/children/seed.ts', "import '../sources/alpha/index.js'"],
  ['http-client-direction', 'server/src/http-client/seed.ts', "import '../errors/index.js'"],
  ['http-post-direction', 'server/src/http-post/seed.ts', "import '../errors/index.js'"],
  ['push-direction', 'server/src/push/seed.ts', "import '../config/index.js'"],
  ['plugins-direction', 'server/src/plugins/seed.ts', "import '../sources/alpha/index.js'"],
  ['datadir-direction', 'server/src/datadir/seed.ts', "import '../store/index.js'"],
  ['audit-direction', 'server/src/audit/seed.ts', "import '../store/index.js'"],
  ['audit-log-direction', 'server/src/audit-log/seed.ts', "import '../store/index.js'"],
  ['audit-store-direction', 'server/src/audit-store/seed.ts', "import '../store/index.js'"],
  ['alerts-direction', 'server/src/alerts/seed.ts', "import '../store/index.js'"],
  ['channels-direction', 'server/src/channels/seed.ts', "import '../store/index.js'"],
  ['pager-direction', 'server/src/pager/seed.ts', "import '../store/index.js'"],
  ['redact-direction', 'server/src/redact/seed.ts', "import '../errors/index.js'"],
  ['sqlite-direction', 'server/src/sqlite/seed.ts', "import '../store/index.js'"],
  ['threads-direction', 'server/src/threads/seed.ts', "import '../store/index.js'"],
  ['witness-direction', 'server/src/witness/seed.ts', "import '../store/index.js'"],
  ['store-direction', 'server/src/store/seed.ts', "import '../sinks/alpha/index.js'"],
  ['spool-direction', 'server/src/spool/seed.ts', "import '../store/index.js'"],
  ['listen-direction', 'server/src/listen/seed.ts', "import '../faces/alpha/index.js'"],
  ['host-direction', 'server/src/host/seed.ts', "import '../state/index.js'"],
  ['sources-direction', 'server/src/sources/alpha/seed.ts', "import '../../sinks/alpha/index.js'"],
  ['sources-direction', 'server/src/sources/alpha/seed-type.ts', "import type {} from '../../state/index.js'"],
  ['sinks-direction', 'server/src/sinks/alpha/seed.ts', "import '../../sources/alpha/index.js'"],
  ['faces-direction', 'server/src/faces/alpha/seed.ts', "import '../../children/index.js'"],
  ['doctor-direction', 'server/src/doctor/seed.ts', "import '../store/index.js'"],
  ['doctor-take-types-only', 'server/src/doctor/seed-value.ts', "import '../config/index.js'"],
  ['export-direction', 'server/src/export/seed.ts', "import '../store/index.js'"],
  ['export-take-types-only', 'server/src/export/seed-value.ts', "import '../config/index.js'"],
  ['top-direction', 'server/src/top/seed.ts', "import '../store/index.js'"],
  ['calls-direction', 'server/src/calls/seed.ts', "import '../store/index.js'"],
  ['access-direction', 'server/src/access/seed.ts', "import '../store/index.js'"],
  ['access-take-types-only', 'server/src/access/seed-value.ts', "import '../doors/index.js'"],
  ['history-direction', 'server/src/history/seed.ts', "import '../sources/alpha/index.js'"],
  ['history-take-types-only', 'server/src/history/seed-value.ts', "import '../store/index.js'"],
  ['xml-direction', 'server/src/xml/seed.ts', "import '../errors/index.js'"],
  ['budgets-direction', 'server/src/budgets/seed.ts', "import '../store/index.js'"],
  ['prices-direction', 'server/src/prices/seed.ts', "import '../store/index.js'"],
  ['detect-direction', 'server/src/detect/seed.ts', "import '../store/index.js'"],
  ['derive-direction', 'server/src/derive/seed.ts', "import '../sources/alpha/index.js'"],
  ['doors-direction', 'server/src/doors/seed.ts', "import '../listen/index.js'"],
  ['install-direction', 'server/src/install/seed.ts', "import '../store/index.js'"],
  ['demo-direction', 'server/src/demo/seed.ts', "import '../sources/alpha/index.js'"],
  ['sources-take-types-only', 'server/src/sources/alpha/seed-value.ts', "import '../../store/index.js'"],
  ['sinks-take-types-only', 'server/src/sinks/alpha/seed-value.ts', "import '../../store/index.js'"],
  ['faces-take-types-only', 'server/src/faces/alpha/seed-value.ts', "import '../../sinks/alpha/index.js'"],
  ['page-names-documents-only', 'web/src/seed.ts', "import '../../server/src/store/index.js'"],
  ['no-cycles', 'server/src/store/seed-cycle-a.ts', "import './seed-cycle-b.js'"],
  ['every-import-resolves', 'server/src/store/seed-lost.ts', "import './nowhere.js'"],
  ['declared-dependencies-only', 'server/src/store/seed-package.ts', "import 'undeclared'"],
  ['library-has-no-development-imports', 'instrument/src/node/seed-dev.ts', "import 'development'"],
  ['library-stays-light', 'instrument/src/mcp/seed-node.ts', "import 'node:fs'"],
  ['library-stays-light', 'instrument/src/mcp/seed-package.ts', "import 'declared'"],
  ['library-node-is-node-alone', 'instrument/src/node/seed-package.ts', "import 'declared'"],
  ['library-otel-is-the-api-alone', 'instrument/src/otel/seed-package.ts', "import 'declared'"],
  ['library-never-looks-up', 'instrument/src/mcp/seed-up.ts', "import '../../../server/src/errors/index.js'"],
  ['library-by-its-name', 'server/src/store/seed-path.ts', "import '../../../instrument/src/event/index.js'"],
  ['pure-state', 'server/src/state/seed-clock.ts', "import 'node:perf_hooks'"],
  ['pure-state', 'server/src/state/seed-package.ts', "import 'declared'"],
  ['pure-detect', 'server/src/detect/seed-clock.ts', "import 'node:perf_hooks'"],
  ['pure-detect', 'server/src/detect/seed-package.ts', "import 'declared'"],
  ['pure-detect', 'server/src/alerts/seed-clock.ts', "import 'node:perf_hooks'"],
  ['pure-promql', 'server/src/promql/seed-clock.ts', "import 'node:perf_hooks'"],
  ['pure-promql', 'server/src/promql/seed-package.ts', "import 'declared'"],
  ['pure-detect', 'server/src/series/seed-clock.ts', "import 'node:perf_hooks'"],
  ['pure-detect', 'server/src/series/seed-package.ts', "import 'declared'"],
  ['pure-audit', 'server/src/audit/seed-disk.ts', "import 'node:fs'"],
  ['pure-audit', 'server/src/audit/seed-package.ts', "import 'declared'"],
  ['siblings-are-strangers', 'server/src/sources/alpha/seed-sibling.ts', "import '../beta/index.js'"],
  ['siblings-are-strangers', 'server/src/faces/alpha/seed-sibling.ts', "import type {} from '../beta/index.js'"],
  ['front-door-only', 'server/src/store/seed-door.ts', "import '../errors/registry.js'"],
  ['front-door-only', 'server/src/app/seed-door.ts', "import '../sources/alpha/inner.js'"],
  ['front-door-only', 'instrument/src/stream/seed-door.ts', "import '../event/inner.js'"],
  ['front-door-of-modules-only', 'server/src/sinks/alpha/seed-door.ts', "import '../../errors/registry.js'"],
  ['front-door-or-options', 'server/src/store/options.ts', "import '../errors/registry.js'"],
  ['config-reads-only-options', 'server/src/config/seed.ts', "import '../store/index.js'"],
  ['only-cli-starts-app', 'server/src/store/seed-app.ts', "import '../app/index.js'"],
  ['only-cli-starts-app', 'server/src/faces/alpha/seed-demo.ts', "import '../../demo/index.js'"],
  ['nobody-imports-cli', 'server/src/app/seed-cli.ts', "import '../cli/index.js'"],
]

/** Imports that are meant to be allowed: no rule may object to these files. */
const ALLOWED: readonly (readonly [file: string, text: string])[] = [
  ['server/src/sinks/alpha/fine.ts', "import type {} from '../../store/index.js'\nimport '../../errors/index.js'"],
  ['server/src/sinks/alpha/fine-inline.ts', "import { type Thing } from '../../store/index.js'\nexport type A = Thing"],
  ['server/src/faces/alpha/fine.ts', "import '../../state/index.js'\nimport type {} from '../../sinks/alpha/index.js'"],
  ['server/src/sources/alpha/fine.ts', "import '../../children/index.js'\nimport './inner.js'\nimport 'declared'"],
  ['server/src/audit/fine.ts', "import 'node:crypto'\nimport '../errors/index.js'"],
  ['server/src/providers/options.ts', "import '../checks/options.js'\nimport '../errors/index.js'"],
  ['server/src/config/fine.ts', "import '../store/options.js'\nimport '../sources/alpha/options.js'"],
  ['server/src/cli/fine.ts', "import '../app/index.js'\nimport '../demo/index.js'\nimport 'node:fs'"],
  ['server/src/app/fine.ts', "import '../sources/alpha/index.js'\nimport '../faces/alpha/index.js'"],
  ['instrument/src/node/fine.ts', "import 'node:http'\nimport '../http/index.js'"],
  ['instrument/src/metrics/fine.ts', "import '../event/index.js'\nimport '../stream/index.js'"],
]

const PLAIN = [
  ...['event', 'mcp', 'stream', 'activity', 'metrics', 'ship', 'vitals', 'sdk', 'hand', 'http', 'node', 'otel'].map(
    (name) => `instrument/src/${name}/index.ts`,
  ),
  ...[
    'errors',
    'state',
    'audit',
    'children',
    'datadir',
    'store',
    'spool',
    'listen',
    'app',
    'cli',
    'demo',
    'derive',
    'doors',
    'config',
  ].map((name) => `server/src/${name}/index.ts`),
  ...['sources', 'sinks', 'faces'].flatMap((kind) => [
    `server/src/${kind}/alpha/index.ts`,
    `server/src/${kind}/alpha/inner.ts`,
    `server/src/${kind}/alpha/options.ts`,
    `server/src/${kind}/beta/index.ts`,
  ]),
  ...[
    'server/src/errors/registry.ts',
    'server/src/store/options.ts',
    'server/src/checks/options.ts',
    'instrument/src/event/inner.ts',
  ],
]

const CRUISER = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs')
interface Violation {
  readonly from: string
  readonly rule: { readonly name: string }
}

/** Runs dependency-cruiser as `npm run imports` does, over the packages below `root`. */
function violations(root: string): readonly Violation[] {
  const args = ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'packages']
  const { stdout, stderr } = spawnSync(process.execPath, [CRUISER, ...args], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  if (stdout === '') throw new Error(stderr)
  return (JSON.parse(stdout) as { summary: { violations: Violation[] } }).summary.violations
}

const tree = mkdtempSync(join(tmpdir(), 'mcp-vitals-imports-'))
afterAll(() => rmSync(tree, { recursive: true, force: true }))

function put(file: string, text: string): void {
  mkdirSync(dirname(join(tree, file)), { recursive: true })
  writeFileSync(join(tree, file), `${text}\n`)
}

function plantTree(): void {
  for (const file of ['.dependency-cruiser.cjs', 'tsconfig.base.json']) cpSync(join(ROOT, file), join(tree, file))
  for (const name of ['declared', 'undeclared', 'development']) {
    put(`node_modules/${name}/package.json`, JSON.stringify({ name, main: 'index.js' }))
    put(`node_modules/${name}/index.js`, '')
  }
  put('package.json', '{}')
  for (const name of ['instrument', 'server'])
    put(
      `packages/${name}/package.json`,
      JSON.stringify({ name, dependencies: { declared: '1.0.0' }, devDependencies: { development: '1.0.0' } }),
    )
  for (const file of PLAIN) put(`packages/${file}`, 'export type Thing = string')
  put('packages/server/src/store/seed-cycle-b.ts', "import './seed-cycle-a.js'")
  for (const [file, text] of ALLOWED) put(`packages/${file}`, text)
  for (const [, file, text] of SEEDS) put(`packages/${file}`, text)
}

describe('import rules', () => {
  let found: readonly Violation[] = []
  beforeAll(() => {
    plantTree()
    found = violations(tree)
  })

  test.each(SEEDS)('%s catches %s', (rule, file) => {
    expect(found.filter(({ from }) => from === `packages/${file}`).map((violation) => violation.rule.name)).toContain(
      rule,
    )
  })

  test.each(ALLOWED)('%s breaks none', (file) => {
    expect(found.filter(({ from }) => from === `packages/${file}`)).toEqual([])
  })

  test('every rule has a seed, and says why and the way out', () => {
    const { forbidden } = createRequire(import.meta.url)(join(ROOT, '.dependency-cruiser.cjs')) as {
      forbidden: readonly { name: string; comment: string; severity: string }[]
    }
    expect([...new Set(SEEDS.map(([rule]) => rule))].sort()).toEqual(forbidden.map(({ name }) => name).sort())
    for (const { name, comment, severity } of forbidden) {
      expect(comment, name).toMatch(/Way out: /)
      expect(severity, name).toBe('error')
    }
  })

  // It reads every module of the packages: a minute and more where others have the processors.
  test('the packages break none', { timeout: 600_000 }, () => {
    expect(violations(ROOT)).toEqual([])
  })
})

describe('what import rules cannot see', () => {
  test('only cli/ ends the process', () => {
    const enders = sourceFiles('packages').filter((file) =>
      /\bprocess\.(exit|abort|reallyExit)\b/.test(readFileSync(join(ROOT, file), 'utf8')),
    )
    expect(enders.filter((file) => !file.startsWith('packages/server/src/cli/'))).toEqual([])
  })

  test('a folder of the server stands in the rules before it holds code', () => {
    const rules = readFileSync(join(ROOT, '.dependency-cruiser.cjs'), 'utf8')
    const folders = sourceFiles('packages').map(
      (file) => /^packages\/(?:server|instrument)\/src\/([^/]+)\//.exec(file)?.[1],
    )
    const known = new Set(['app', 'cli', 'config'])
    for (const folder of new Set(folders))
      if (folder !== undefined && !known.has(folder))
        expect(rules, folder).toMatch(new RegExp(`^  '?${folder}'?: \\{`, 'm'))
  })
})

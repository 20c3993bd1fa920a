import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { defineConfig, type Plugin } from 'vitest/config'

/** Tests name the sources (`../packages/x/src/…`), and run what ships: the compiled files of the same names in `dist`. */
const runWhatShips: Plugin = {
  name: 'run-what-ships',
  enforce: 'pre',
  resolveId(specifier, importer) {
    if (
      !importer ||
      !specifier.startsWith('.') ||
      !/\/packages\/[^/]+\/src\//.test(resolve(dirname(importer), specifier))
    )
      return null
    const built = resolve(dirname(importer), specifier).replace(/(\/packages\/[^/]+)\/src\//, '$1/dist/')
    if (!existsSync(built)) throw new Error(`${built} is not built: run "npm run build" first`)
    return { id: built, external: true }
  },
}

/** Tests of what observes the process that it is in: its one hub is to be their own, so each file has a process. */
const OBSERVERS = [
  'test/unit/{http,library,otel,sdk}/**/*.test.ts',
  'test/e2e/{commitments,library-*}.test.ts',
  'test/browser/**/*.test.ts',
]
const UNITS = ['test/property/**/*.test.ts', 'test/unit/!(http|library|otel|sdk)/**/*.test.ts']

export default defineConfig({
  plugins: [runWhatShips],
  test: {
    // By their names, so that first comes what takes longest. All others run after one another in shared processes, which
    // load once what many files need: they leave nothing behind, in whatever order.
    projects: [
      { extends: true, test: { name: 'observers', include: OBSERVERS } },
      {
        extends: true,
        test: {
          name: 'programs',
          include: ['test/**/*.test.ts'],
          exclude: [...OBSERVERS, ...UNITS],
          isolate: false,
        },
      },
      { extends: true, test: { name: 'units', include: UNITS, isolate: false } },
    ],
    globalSetup: ['test/fixtures/pack.ts'],
    pool: 'forks',
    // Of a core, programs that tests start and wait for leave a third to others: on two cores, three at once left them idle.
    maxWorkers: 5,
    testTimeout: 150_000,
    hookTimeout: 150_000,
    reporters: ['default'],
  },
})

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

export default defineConfig({
  plugins: [runWhatShips],
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/fixtures/pack.ts'],
    pool: 'forks',
    maxWorkers: 3,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default'],
  },
})

/** Peers that run inside a server: installed beside the benchmarks, once, at the versions named here. None is a dependency. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const folder = fileURLToPath(new URL('../../.cache/peers-library', import.meta.url))

/** Name in the table → the package, its version, and what else it needs. */
export const PEERS = {
  Sentry: { module: '@sentry/node', version: '10.78.0' },
  PostHog: { module: '@posthog/mcp', version: '0.16.3', beside: ['posthog-node@5.54.0'] },
  AgentCat: { module: 'agentcat', version: '1.0.1' },
  agnost: { module: 'agnost', version: '0.2.1' },
  'mcp-trace': { module: 'mcp-trace', version: '0.1.9' },
}

/** Installs each peer that can be; returns the names of those that can be measured, and says which cannot. */
export function installPeers() {
  mkdirSync(folder, { recursive: true })
  // Imports are resolved from the file that has them, so one beside the peers loads them.
  writeFileSync(join(folder, 'load.mjs'), 'export const load = (name) => import(name)\n')
  const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefix', folder]
  return Object.entries(PEERS).flatMap(([name, { module, version, beside = [] }]) => {
    if (existsSync(join(folder, 'node_modules', module))) return [name]
    const { status } = spawnSync('npm', ['install', ...flags, `${module}@${version}`, ...beside], { stdio: 'ignore' })
    if (status === 0) return [name]
    console.log(`${name} ${version} cannot be installed here, and is not measured`)
    return []
  })
}

/** What a package of theirs exports. */
export async function load(module) {
  const { load: from } = await import(pathToFileURL(join(folder, 'load.mjs')).href)
  return from(module)
}

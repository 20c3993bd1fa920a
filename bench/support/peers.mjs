/** Peers are no dependency of ours: they are installed beside the benchmarks, once, at the versions named here. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../../.cache/peers', import.meta.url))
const VERSIONS = { 'mcp-proxy': '6.7.19', supergateway: '4.0.0' }

/** The file that runs a peer's command. */
export function peer(name) {
  const home = join(folder, 'node_modules', name)
  if (!existsSync(home)) {
    const specs = Object.entries(VERSIONS).map(([peerName, version]) => `${peerName}@${version}`)
    const flags = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--no-package-lock']
    const { status } = spawnSync('npm', ['install', '--prefix', folder, ...flags, ...specs], { stdio: 'inherit' })
    if (status !== 0) throw new Error(`the peers could not be installed from npm: ${specs.join(' ')}`)
  }
  const { bin } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'))
  return join(home, typeof bin === 'string' ? bin : bin[name])
}

/** `mcp-proxy 6.7.19`. */
export const labelled = (name) => `${name} ${VERSIONS[name]}`

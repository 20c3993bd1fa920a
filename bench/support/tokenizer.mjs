/** A tokenizer to judge estimates by. It is no dependency of ours: it is installed beside the benchmarks, once. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const folder = fileURLToPath(new URL('../../.cache/tokenizer', import.meta.url))
const SPEC = 'gpt-tokenizer@4.0.0'

/** Its functions for one encoding, such as `o200k_base`. */
export async function loadTokenizer(encoding) {
  const home = join(folder, 'node_modules/gpt-tokenizer')
  if (!existsSync(home)) {
    const flags = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--no-package-lock']
    const { status } = spawnSync('npm', ['install', '--prefix', folder, ...flags, SPEC], { stdio: 'ignore' })
    if (status !== 0) throw new Error(`${SPEC} could not be installed from npm`)
  }
  return import(pathToFileURL(join(home, 'esm/encoding', `${encoding}.js`)).href)
}

/**
 * Another Node out of npm, for what the one that runs us is too old for. `node scripts/node.mjs 22` prints the path of
 * its program, which is fetched into .cache once.
 */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ROOT, step } from './steps.mjs'

/** The program of Node `major`: our own where it is that or newer and `orNewer` is set. Undefined where it cannot be had. */
export async function nodeOf(major, { orNewer = false } = {}) {
  if (orNewer && Number(process.versions.node.split('.')[0]) >= major) return process.execPath
  const name = `node-linux-${process.arch}`
  const home = join(ROOT, `.cache/node${major}`)
  const program = join(home, 'node_modules', name, 'bin/node')
  if (existsSync(program)) return program
  mkdirSync(home, { recursive: true })
  const quiet = ['--no-save', '--no-audit', '--no-fund', '--no-package-lock']
  const fetched = await step(`fetch Node ${major} from npm`, 'npm', [
    'install',
    '--prefix',
    home,
    ...quiet,
    `${name}@${major}`,
  ])
  return fetched && existsSync(program) ? program : undefined
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const program = await nodeOf(Number(process.argv[2]))
  if (program === undefined) process.exit(1)
  process.stdout.write(`${program}\n`)
}

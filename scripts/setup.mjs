import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, step } from './steps.mjs'

const LEAST_NODE = 20

/**
 * Makes a clone ready: dependencies installed, the dashboard built, sources compiled and the command packed, each only where it is not so yet.
 *
 * @param options.build the TypeScript projects to compile; none when the caller compiles them itself
 * @returns whether everything is ready; what failed has been printed
 */
export async function setUp({ build = ['packages/server'] } = {}) {
  const node = Number(process.versions.node.split('.')[0])
  if (node < LEAST_NODE) {
    process.stderr.write(
      `mcp-vitals needs Node ${LEAST_NODE} or newer; this is ${process.version} (${process.execPath}).\n` +
        '  next: install a newer Node, for example with "nvm install 24", and run the command again.\n',
    )
    return false
  }
  if (!installed() && !(await install())) return false
  if (build.length === 0) return true
  if (!(await step('build the dashboard', process.execPath, [join(ROOT, 'scripts/web.mjs')]))) return false
  if (!(await step('compile', process.execPath, [tsc(), '-b', ...build]))) return false
  return step('pack', process.execPath, [join(ROOT, 'scripts/bundle.mjs'), '--pack'])
}

/** The compiler's program, to be run with node. */
export const tsc = () => join(ROOT, 'node_modules/typescript/bin/tsc')

/**
 * Whether node_modules holds what package-lock.json says. npm leaves its own account of what it installed
 * (node_modules/.package-lock.json), written last, so an install that was cut short or is out of date shows.
 */
function installed() {
  const wanted = packagesOf('package-lock.json')
  const found = packagesOf('node_modules/.package-lock.json')
  if (wanted === undefined || found === undefined) return false
  return Object.entries(wanted).every(([path, entry]) => {
    if (!path.startsWith('node_modules/') && !path.includes('/node_modules/')) return true
    const present = found[path]
    return present === undefined ? entry.optional === true : sameInstall(entry, present)
  })
}

const sameInstall = (wanted, present) =>
  wanted.link === true ? present.link === true : wanted.integrity === present.integrity

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(join(ROOT, file), 'utf8')).packages
  } catch {
    return undefined
  }
}

/** `npm ci`, development dependencies included, with the npm that started us where there is one. */
function install() {
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund']
  const npm = process.env.npm_execpath
  const name = 'install dependencies (npm ci; about a minute, once)'
  if (npm?.endsWith('.js')) return step(name, process.execPath, [npm, ...args])
  return step(name, process.platform === 'win32' ? 'npm.cmd' : 'npm', args)
}

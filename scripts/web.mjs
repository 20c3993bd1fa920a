/**
 * Builds the dashboard's page into `packages/server/web`, unless nothing that it is made of has changed since.
 * `node scripts/web.mjs`; `npm start` and what packs the server do it by themselves.
 */
import { existsSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { licences } from './bundle.mjs'
import { ROOT } from './steps.mjs'

const source = join(ROOT, 'packages/web')
/** Where the page lies when it is built; the daemon serves it from there. */
export const WEB = join(ROOT, 'packages/server/web')

/** Builds the page where it is older than its sources. */
export async function buildWeb() {
  const made = join(WEB, 'index.html')
  if (existsSync(made) && statSync(made).mtimeMs > changedAt()) return
  // Here and not at the top: who builds nothing need not have it.
  const { build } = await import('vite')
  const next = `${WEB}.${process.pid}`
  const { output } = await build({
    configFile: join(source, 'vite.config.mjs'),
    build: { outDir: next, emptyOutDir: true },
  })
  const packed = output.flatMap(({ moduleIds = [] }) => moduleIds)
  writeFileSync(join(next, 'THIRD-PARTY-LICENSES.txt'), licences(packed))
  rmSync(WEB, { recursive: true, force: true })
  renameSync(next, WEB)
}

function changedAt() {
  const sources = readdirSync(join(source, 'src'), { recursive: true }).map((file) => join(source, 'src', file))
  const others = ['index.html', 'vite.config.mjs', 'package.json'].map((file) => join(source, file))
  const all = [...sources, ...others, join(ROOT, 'package-lock.json'), fileURLToPath(import.meta.url)]
  return Math.max(...all.map((file) => statSync(file).mtimeMs))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildWeb()

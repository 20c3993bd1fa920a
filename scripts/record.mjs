/**
 * Pages of figures in `docs/`: a section for each measurement, with the commit, date and machine that it was taken on, so
 * that one can be taken anew and the others stay.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { ROOT } from './steps.mjs'

const git = (...args) => spawnSync('git', args, { cwd: ROOT, encoding: 'utf8' }).stdout.trim()

/** What figures taken now hold for, as one line. */
export function stateNow() {
  const changed = git('status', '--porcelain') === '' ? '' : ', with changes that were not committed'
  const machine = `${type()} ${release()}, ${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`
  return `Commit ${git('rev-parse', 'HEAD')}${changed}; ${new Date().toISOString().slice(0, 10)}; ${machine}.`
}

/**
 * Writes a page. Sections of `sections` replace those of their names; the others that the page has stay, but for those
 * that `isCurrent` does not know any more.
 *
 * @param page `intro` stands at its top; `sections`: name → text
 */
export function record(file, { intro, sections, isCurrent = () => true }) {
  const [, ...before] = existsSync(file) ? `\n${readFileSync(file, 'utf8')}`.split(/\n## /) : []
  const kept = before.map((text) => [text.slice(0, text.indexOf('\n')), text.slice(text.indexOf('\n')).trim()])
  const all = new Map([...kept.filter(([name]) => isCurrent(name)), ...sections])
  const texts = [...all].sort(([a], [b]) => a.localeCompare(b)).map(([name, text]) => `## ${name}\n\n${text.trim()}\n`)
  writeFileSync(file, [`${intro.trim()}\n`, ...texts].join('\n'))
}

import { dirname, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Config } from '../config/index.js'
import type { Engine, TimedGroup } from '../engine/index.js'
import type { Pager } from '../pager/index.js'
import { isPattern, type RuleReport, readRuleSet, ruleFilesOf } from '../rules/index.js'
import type { VitalsFold } from '../state/index.js'
import { watchFile, watchNames } from './watch-file.js'

/** The rules of the configuration, as they are evaluated. */
export interface Rules {
  /**
   * Reads the rules that a configuration names. Rejects with RULES_UNREADABLE and RULES_INVALID. The result has them
   * evaluated from now on; undefined where they are what they were.
   */
  prepare(config: Config): Promise<(() => void) | undefined>
  /** Has `onChange` called when a rule file changes, comes or goes, unless the configuration says that nothing is watched. */
  follow(onChange: () => void): void
  /** Ends the watch over the files. */
  stop(): void
}

/** Has the rules of the configuration evaluated. Rejects as `prepare` does. */
export async function openRules(needs: {
  readonly config: Config
  /** Where the configuration stands: paths of rule files count from its folder. */
  readonly file: string | undefined
  readonly engine: Pick<Engine, 'evaluate'>
}): Promise<Rules> {
  const { engine } = needs
  const folder = needs.file === undefined ? process.cwd() : dirname(needs.file)
  const watches = new Map<string, () => void>()
  let current: { readonly groups: readonly TimedGroup[]; readonly watched: readonly string[] } | undefined
  let tell: (() => void) | undefined

  /** Paths are files, and patterns of files, which may come and go. */
  function watch(paths: readonly string[]): void {
    for (const [path, end] of watches)
      if (!paths.includes(path)) {
        end()
        watches.delete(path)
      }
    for (const path of paths)
      if (tell && !watches.has(path))
        watches.set(
          path,
          isPattern(path) ? watchNames(dirname(path), () => ruleFilesOf([path], folder), tell) : watchFile(path, tell),
        )
  }

  /** What reads rule files, the whole of PromQL, is loaded where there is one. */
  async function readFiles(files: readonly string[]) {
    return files.length === 0 ? [] : (await import('./rule-files.js')).readRuleFiles(files)
  }

  async function prepare({ rules, metrics, watch: isWatched }: Config): Promise<(() => void) | undefined> {
    const files = ruleFilesOf(rules.files, folder)
    const groups = [...rules.sets.flatMap((set) => readRuleSet(set, metrics.prefix)), ...(await readFiles(files))]
    const timed = groups.map((group) => ({ ...group, intervalMs: group.intervalMs ?? rules.intervalMs }))
    const patterns = rules.files.map((path) => resolve(folder, path)).filter(isPattern)
    const next = { groups: timed, watched: isWatched ? [...new Set([...patterns, ...files])] : [] }
    if (isDeepStrictEqual(next, current)) return undefined
    return () => {
      current = next
      watch(next.watched)
      engine.evaluate(timed)
    }
  }

  const evaluateFirst = await prepare(needs.config)
  evaluateFirst?.()
  return {
    prepare,
    follow(onChange) {
      tell = onChange
      watch(current?.watched ?? [])
    },
    stop: () => watch([]),
  }
}

/**
 * Tells the pager what rules see: whether an alert fires is decided there, as Prometheus would, and who hears of it here.
 * A view may leave the server out of a metric's labels: then it is found by what else they name.
 * `remarksOn`: annotations of ours for an alert with these labels.
 */
export function tellOf(
  pager: Pager | undefined,
  { noData, error }: Config['alerts'],
  { serverOf }: Pick<VitalsFold, 'serverOf'>,
  remarksOn: (labels: Readonly<Record<string, string>>) => Readonly<Record<string, string>>,
): (report: RuleReport) => void {
  const concerned = ({ server, instance, tool, tool_name }: RuleReport['labels']) => {
    const found = server === undefined ? serverOf({ name: instance, tool: tool_name ?? tool }) : undefined
    return found === undefined ? {} : { server: found }
  }
  return ({ source, evidence, conditions, forMs, everyMs, labels }) =>
    pager?.report({
      ...{ source, evidence, forMs, policies: { noData, error }, about: labels },
      ...(everyMs !== undefined && { everyMs }),
      conditions: conditions.map(({ labels, annotations, value, activeAt, state }) => {
        const concern = concerned(labels)
        const said = { ...annotations, ...remarksOn({ ...labels, ...concern }) }
        return { labels, annotations: said, value, activeAt, ...concern, fires: state === 'firing' }
      }),
    })
}

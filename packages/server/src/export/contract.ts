import type { Metric } from '@mcp-vitals/instrument/metrics'
import type { RuleGroup } from '../rules/index.js'

/** A file that is to be written: its path from the folder that the user names, with `/`, and all of its text. */
export interface ExportFile {
  readonly path: string
  readonly text: string
  /** Where the file names rule files of `prometheus/`: which ones a text in its place names. */
  readonly rulesIn?: (text: string) => readonly string[]
}

/** What the files are made from: what a configuration says, in the words of those who deploy it. */
export interface Subject {
  /** The command that makes these files again, which each of them names. */
  readonly command: string
  /** What is deployed, as hosts and services are named: `mcp-vitals`, or what a preset's job is called. */
  readonly name: string
  readonly version: string
  readonly preset: string | undefined
  /** Where the gateway and the pages are. */
  readonly port: number
  /** Whether `/metrics` and `/health` answer other machines without a token. */
  readonly openScrape: boolean
  readonly metrics: MetricsSubject
  readonly scrape: ScrapeSubject
  /** The rules that come along, in the sets that the configuration names, for its prefix. */
  readonly rules: readonly RuleGroup[]
  /** How often a group is evaluated that names no interval. */
  readonly evaluationMs: number
  /** Rule files of the user's own, as they are. */
  readonly ruleFiles: readonly ExportFile[]
  readonly alerts: AlertsSubject
  readonly log: LogSubject
  /** Servers that are reached at an address, which says nothing secret. */
  readonly servers: readonly { readonly name: string; readonly url: string }[]
}

/** How metrics are named and which labels they keep. */
export interface MetricsSubject {
  readonly prefix: string
  readonly path: string
  readonly port: number
  /** The names of providers, each of which has metrics of its own. */
  readonly providers: readonly string[]
  readonly labelsOf: (metric: Metric) => readonly string[]
}

/** What a Prometheus is told of the one target. */
export interface ScrapeSubject {
  readonly job: string
  /** `host:port`. */
  readonly target: string
  readonly labels: Readonly<Record<string, string>>
  readonly intervalMs: number
}

/** Who is told of what, as far as Alertmanager can. */
export interface AlertsSubject {
  readonly groupBy: readonly string[]
  readonly groupWaitMs: number
  readonly groupIntervalMs: number
  readonly repeatIntervalMs: number
  readonly resolveTimeoutMs: number
  readonly inhibit: readonly {
    readonly sources: readonly string[]
    readonly targets: readonly string[]
    readonly equal: readonly string[]
  }[]
  readonly receivers: readonly Receiver[]
}

export type Receiver =
  | { readonly type: 'slack'; readonly name: string; readonly channel: string }
  | { readonly type: 'pagerduty'; readonly name: string; readonly key: 'service_key' | 'routing_key' }
  | {
      readonly type: 'email'
      readonly name: string
      readonly to: string
      readonly from: string
      readonly smarthost: string
      readonly user: string | undefined
      readonly requiresTls: boolean
    }

/** How lines of the log look, and where they are written. */
export interface LogSubject {
  readonly file: string
  readonly isJson: boolean
  /** The key, or the word of a line of text, that tells the level; and the words of an error and of what is worse. */
  readonly levelKey: string
  readonly errors: readonly [string, string]
  readonly timeKey: string
  /** As in Python: `2026-02-15 12:00:00,000`, in place of ISO 8601. */
  readonly isPythonTime: boolean
  /** What stands in a line of text; undefined for JSON. */
  readonly text: { readonly hasTime: boolean; readonly isPython: boolean } | undefined
}

/** A program that files are made for: one folder, and one line in registry.ts. */
export interface ExportTarget {
  readonly name: string
  /** What the files are for, for the help and the reference. */
  readonly about: string
  readonly files: (subject: Subject) => readonly ExportFile[]
}

import type { Config } from '../config/index.js'
import type { VitalsError } from '../errors/index.js'

/** `note`: nothing is wrong, but somebody who looks for a trouble wants to know it. */
export type Severity = 'error' | 'warning' | 'note'

/** One thing that is wrong. Its texts are one line each, and hold no secret: what others wrote is masked. */
export interface Finding {
  readonly severity: Severity
  /** What it is about, where a diagnosis looks at several things: a server's name. */
  readonly subject?: string
  /** What is wrong, in one sentence. */
  readonly problem: string
  /** What was seen. */
  readonly evidence: readonly string[]
  /** Why it matters, in one sentence. */
  readonly why: string
  /** What to do, in one sentence. */
  readonly next: string
  /** Lines to paste: commands, or lines of a configuration. At least one. */
  readonly fix: readonly string[]
}

/** What a diagnosis came to. */
export type Outcome =
  | {
      readonly is: 'looked'
      /** What there is, in a few words, for who wants to see that all is well. */
      readonly seen: string
      readonly findings: readonly Finding[]
    }
  | { readonly is: 'left out'; readonly why: string }

/** One kind of trouble that is looked for. */
export interface Diagnosis {
  /** For the report and for programs that read it: lower case, hyphens. */
  readonly name: string
  /** The troubles that it finds, one line each: docs/doctor.md lists them. */
  readonly finds: readonly string[]
  /** Looks. A failure is reported as `left out`. Once `patient.signal` is aborted it settles soon, and leaves nothing behind. */
  look(patient: Patient): Promise<Outcome>
}

/** A server as it is tried: how it is reached, and nothing of its doors. */
export type ServerToTry =
  | {
      readonly command: string
      readonly args: readonly string[]
      readonly env: Readonly<Record<string, string>>
      readonly cwd?: string | undefined
      /** Whether it gets the whole environment, as a client of a person would give it, and not the few variables that the daemon passes on. */
      readonly wholeEnvironment?: boolean
    }
  | { readonly url: string; readonly headers: Readonly<Record<string, string>>; readonly transport: 'http' | 'sse' }

/** The daemon that announced itself in the state directory. */
export interface DaemonSeen {
  /** `http://127.0.0.1:9464` */
  readonly url: string
  readonly pid: number
  /** Milliseconds since 1970, by its own clock then. */
  readonly startedAt: number
  /** `answers`: it is ours and answers. `silent`: its process is there and does not. `gone`: no such process. */
  readonly is: 'answers' | 'silent' | 'gone'
}

/** What the command line asked beside the configuration. */
export interface Asked {
  /** Address of Prometheus; absent: the usual one, where Prometheus answers. */
  readonly prometheus?: string | undefined
  readonly grafana?: string | undefined
  /** Directory with folders of plugins. */
  readonly plugins?: string | undefined
  /** The origin of a web page that is to use the servers, as browsers send it. */
  readonly origin?: string | undefined
  /** A tool to call, of each server that has it. */
  readonly call?: { readonly tool: string; readonly arguments: Readonly<Record<string, unknown>> } | undefined
  /** How long one server may take to answer. Milliseconds. */
  readonly timeoutMs: number
}

/** Whatever a diagnosis looks at. */
export interface Patient {
  readonly env: Readonly<Record<string, string | undefined>>
  /** As `process.version` has it, without the `v`. */
  readonly nodeVersion: string
  readonly configuration: {
    readonly file: string | undefined
    /** Absent where it is not valid. */
    readonly config: Config | undefined
    readonly notes: readonly string[]
    /** What is wrong with it. */
    readonly problem?: VitalsError
  }
  /** What is tried, by name. */
  readonly servers: Readonly<Record<string, ServerToTry>>
  /** Absolute. */
  readonly dataDir: string
  readonly daemon: DaemonSeen | undefined
  readonly asked: Asked
  readonly signal: AbortSignal
}

/** A diagnosis that looked. */
export const looked = (seen: string, findings: readonly Finding[] = []): Outcome => ({ is: 'looked', seen, findings })
/** A diagnosis that did not. */
export const leftOut = (why: string): Outcome => ({ is: 'left out', why })

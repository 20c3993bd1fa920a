/** What a value of a parameter may be. `json`: anything, handed over as JSON text. */
export type ParameterType = 'string' | 'integer' | 'number' | 'boolean' | 'json'

/**
 * How a value stands on the command line. `=`: `--option=value`, one word, so that no value is ever read as an option.
 * `attached`: `-ovalue`, the same for options of one letter. `apart`: `--option value`, for programs that take no other;
 * values that begin with a dash are refused there. A value that has a place stands behind `--`; `apart`: in front of all
 * options and without it, for programs that take none behind it, with the same refusal.
 */
export type ValueForm = '=' | 'attached' | 'apart'

/** One argument of a tool, and how a program is given it. */
export interface Parameter {
  /** Key in the arguments of a call. */
  readonly name: string
  readonly description?: string
  readonly type: ParameterType
  /** Takes several values. */
  readonly isList: boolean
  readonly isRequired: boolean
  readonly choices?: readonly string[]
  /** What the program takes where nothing is given: told, never passed on. */
  readonly default?: string | number | boolean
  /** Such as `--message`; absent for an argument that has its place instead of a name. */
  readonly option?: string
  /** What says no, such as `--no-color`; absent where leaving the option out does. */
  readonly negation?: string
  readonly form: ValueForm
  /** It is no word at all: the program reads it on its standard input. */
  readonly isInput?: boolean
}

/** One command of a plugin: a tool. */
export interface Command {
  /** With the groups that it is in, a space between each: `remote add`. */
  readonly name: string
  readonly description?: string
  /** Words in front of the arguments, by which the program knows the command. */
  readonly words: readonly string[]
  readonly parameters: readonly Parameter[]
  /** Nothing is known of its options, so that every argument becomes one. */
  readonly isOpen: boolean
  /** Waiting jobs of a higher one start first. */
  readonly priority: number
  /** In place of the server's own. */
  readonly timeoutMs?: number
}

/** A program that was found, and what it can do. */
export interface Plugin {
  readonly name: string
  /** The folder, which is also where it runs. */
  readonly folder: string
  /** Program and first arguments, as they are started. */
  readonly program: readonly string[]
  readonly commands: readonly Command[]
  /** Its help names more commands than are taken: a sentence. */
  readonly cut?: string
  /** In place of the server's own. */
  readonly concurrency?: number
  readonly maxWaiting?: number
}

/** A folder that gives no tools. */
export interface NotTaken {
  readonly name: string
  /** What is wrong: a bounded list for programs, beside the words for people. */
  readonly problem: Problem
  /** One sentence. */
  readonly reason: string
  /** The last line that its help printed, or what else was seen; for the person at the machine. */
  readonly seen?: string
}

export type Problem =
  | 'no_directory'
  | 'bad_name'
  | 'no_program'
  | 'unreadable'
  | 'no_interpreter'
  | 'help_late'
  | 'help_failed'
  | 'no_section'
  | 'no_command'
  | 'bad_manifest'

/** What a look at the directory of plugins found. */
export interface Found {
  readonly plugins: readonly Plugin[]
  readonly notTaken: readonly NotTaken[]
  /** What is there and too much to be taken, a sentence each. */
  readonly cut: readonly string[]
}

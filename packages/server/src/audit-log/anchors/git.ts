import { execFile } from 'node:child_process'
import { appendFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { makeFolder } from '../../folders/index.js'
import type { Anchor } from './anchor.js'

const TIMEOUT_MS = 60_000
const DIR_MODE = 0o700
const FILE = 'audit-checkpoints'
const AUTHOR = ['-c', 'user.name=mcp-vitals', '-c', 'user.email=mcp-vitals@localhost', '-c', 'commit.gpgsign=false']

export interface GitEntry {
  /** The repository that is pushed to: an address or a path, as git takes it. */
  readonly git: string
  readonly branch: string
  readonly everyMs: number
}

/**
 * A branch of a git repository: each checkpoint is appended to the file `audit-checkpoints`, committed and pushed, never
 * by force. Best protected against force by its host. `dir`: where the clone lies; it can be removed at any time.
 */
export function gitAnchor(name: string, { git: remote, branch, everyMs }: GitEntry, dir: string): Anchor {
  const run = promisify(execFile)
  const git = (...args: readonly string[]) =>
    run('git', ['-C', dir, ...AUTHOR, ...args], {
      timeout: TIMEOUT_MS,
      // It asks nobody, and no address runs a program.
      env: { ...process.env, GIT_TERMINAL_PROMPT: '0', GIT_ALLOW_PROTOCOL: 'file:git:http:https:ssh', LC_ALL: 'C' },
    })

  /** Brings the clone to what the remote has. */
  async function follow(): Promise<void> {
    makeFolder(dir, DIR_MODE)
    await git('init', '-q')
    const { stdout } = await git('ls-remote', '--heads', '--', remote, `refs/heads/${branch}`)
    if (stdout.trim() === '') {
      await git('symbolic-ref', 'HEAD', `refs/heads/${branch}`)
      return
    }
    await git('fetch', '-q', '--depth', '1', '--', remote, `+refs/heads/${branch}:refs/remotes/anchor/${branch}`)
    await git('checkout', '-q', '-f', '-B', branch, `refs/remotes/anchor/${branch}`)
  }

  return {
    name,
    everyMs,
    async keep({ note, size }) {
      try {
        await follow()
        await appendFile(join(dir, FILE), `${note}\n`)
        await git('add', '--', FILE)
        await git('commit', '-q', '--no-verify', '-m', `Checkpoint of ${size} rows`)
        await git('push', '-q', '--', remote, `HEAD:refs/heads/${branch}`)
        return undefined
      } catch (error) {
        // What is half done is done anew.
        await rm(dir, { recursive: true, force: true })
        throw new Error(reasonOf(error as NodeJS.ErrnoException & { killed?: boolean; stderr?: string }))
      }
    },
  }
}

/** Why, in words of ours: what git says may hold the address, and a password in it. */
function reasonOf({ code, killed, stderr = '' }: { code?: unknown; killed?: boolean; stderr?: string }): string {
  if (code === 'ENOENT') return 'there is no program git'
  if (killed) return 'git took too long'
  if (/rejected|non-fast-forward|fetch first/.test(stderr)) return 'somebody else pushed at the same time'
  if (/Authentication|Permission denied|could not read Username/.test(stderr)) return 'the repository let nobody in'
  return `git failed (${String(code)})`
}

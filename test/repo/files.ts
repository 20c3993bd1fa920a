import { execFileSync } from 'node:child_process'
import { lstatSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's root. */
export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** Every file that git knows or would take, and that is there, with `/` between folders. A link is no file. */
export const FILES: readonly string[] = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard'],
  {
    cwd: ROOT,
    encoding: 'utf8',
  },
)
  .split('\n')
  .filter((file) => file !== '' && lstatSync(join(ROOT, file), { throwIfNoEntry: false })?.isFile())

/** The text of a file below the root. */
export const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8')

/** The TypeScript sources below a folder of the repository. */
export const sourceFiles = (folder: string): readonly string[] =>
  FILES.filter((file) => file.startsWith(`${folder}/`) && /\.[cm]?tsx?$/.test(file))

/** The commands of a page's `sh` blocks: comments and continued lines taken away. */
export function shellCommandsOf(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, block = '']) =>
    block
      .replace(/\\\n\s*/g, '')
      .split('\n')
      .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
      .filter((line) => line !== ''),
  )
}

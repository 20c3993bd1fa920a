import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { loadConfig } from '../../../packages/server/src/config/index.js'
import { VitalsError } from '../../../packages/server/src/errors/index.js'

/** Configuration files in a directory that is gone after the tests of the file that calls this. */
export function configFiles() {
  const directory = mkdtempSync(join(tmpdir(), 'mcp-vitals-config-'))
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  /** Writes a file and returns its path. */
  function file(name: string, text: string | Uint8Array): string {
    const path = join(directory, name)
    writeFileSync(path, text)
    return path
  }

  /** What loading throws: the whole text with the directory cut out, so that places read `own.yaml:2:9`. */
  function refusal(path: string | undefined, env: Readonly<Record<string, string>> = {}): string {
    try {
      loadConfig({ file: path, env })
    } catch (error) {
      if (error instanceof VitalsError) return error.explain().replaceAll(`${directory}/`, '')
      throw error
    }
    throw new Error('this configuration was taken')
  }

  return { directory, file, refusal }
}

import { readFileSync } from 'node:fs'

/** Version of this package, as its package.json says; `0` where a bundler left that behind. */
export const VERSION = readVersion()

function readVersion(): string {
  try {
    const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
    return (JSON.parse(text) as { version: string }).version
  } catch {
    return '0'
  }
}

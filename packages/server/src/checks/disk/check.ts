import { statfs } from 'node:fs/promises'
import { CheckFailure, type Probe } from '../check.js'
import type { DiskOptions } from './options.js'

/** Well: enough is free. */
export function diskProbe({ path, minFreePercent, minFreeBytes }: DiskOptions): Probe {
  return async () => {
    const { bavail, blocks, bsize } = await statfs(path)
    const percent = blocks === 0 ? 100 : (100 * bavail) / blocks
    if (percent < minFreePercent || bavail * bsize < minFreeBytes) throw new CheckFailure('disk_full')
  }
}

import { freemem, totalmem } from 'node:os'
import { CheckFailure, type Probe } from '../check.js'
import type { MemoryOptions } from './options.js'

/** Well: enough is available. Since libuv 1.45 `freemem` is what Linux calls MemAvailable: caches count as available. */
export function memoryProbe({ minAvailablePercent }: MemoryOptions): Probe {
  return async () => {
    if ((100 * freemem()) / totalmem() < minAvailablePercent) throw new CheckFailure('memory_full')
  }
}

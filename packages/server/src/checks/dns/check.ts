import { Resolver } from 'node:dns/promises'
import { CheckFailure, type Probe } from '../check.js'
import type { DnsOptions } from './options.js'

/** Well: there are records, and the expected value is among them. */
export function dnsProbe({ host, recordType, expect, resolver }: DnsOptions): Probe {
  return async (signal) => {
    signal.throwIfAborted()
    // One for each run: to cancel it cancels nobody else's question.
    const asked = new Resolver({ tries: 1 })
    if (resolver !== undefined) asked.setServers([resolver])
    const cancel = () => asked.cancel()
    signal.addEventListener('abort', cancel, { once: true })
    try {
      const records = (await asked.resolve(host, recordType)) as readonly unknown[]
      if (expect !== undefined && !records.flatMap(valuesOf).includes(expect))
        throw new CheckFailure('unexpected_record')
    } finally {
      signal.removeEventListener('abort', cancel)
    }
  }
}

/** What a person would compare in a record: an address, a name, a text whose parts are joined. */
function valuesOf(record: unknown): readonly string[] {
  if (typeof record === 'string') return [record]
  if (Array.isArray(record)) return [record.join('')]
  const { exchange, name } = record as { readonly exchange?: string; readonly name?: string }
  return [exchange, name].filter((value) => value !== undefined)
}

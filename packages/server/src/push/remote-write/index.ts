import type { z } from 'zod'
import { createSampler, samplesOf } from '../../engine/index.js'
import { BATCH_ITEMS, type Body, type ReceiverKind } from '../contract.js'
import { headersOf } from '../shared/headers.js'
import { judge } from '../shared/judge.js'
import type { remoteWriteOptions } from './options.js'
import { type EncodedSample, encodeLabels, encodeRequest } from './protobuf.js'
import { snappy } from './snappy.js'

type Options = z.infer<typeof remoteWriteOptions>

/** Series of one family: what they are, in the order of its values. */
interface Members {
  readonly keys: readonly string[]
  readonly labels: readonly Uint8Array[]
}

/**
 * Remote write 1.0: what a scrape of this process gives, with the same labels, pushed. A series that ends gets a staleness
 * marker, as a scrape gives it. The encoder is ours: the few fields of one message take less code than any library's glue.
 */
export const remoteWriteReceiver: ReceiverKind<Options> = {
  addressOf: ({ url }) => url,
  create(options, url, { labels, shown, targets }) {
    const sampler = createSampler(shown, targets)
    const families = new Map<string, Members>()
    let order: readonly string[] = []

    function samplesNow(): readonly EncodedSample[] {
      const sample = sampler.sample()
      const ended: Uint8Array[] = []
      const end = (name: string, kept: ReadonlySet<string>) => {
        const before = families.get(name)
        before?.keys.forEach((key, at) => void (kept.has(key) || ended.push(before.labels[at]!)))
      }
      for (const family of sample.changed) {
        const all = [...samplesOf(family, labels)]
        const members = { keys: all.map((pairs) => pairs.join('\0')), labels: all.map(encodeLabels) }
        end(family.name, new Set(members.keys))
        families.set(family.name, members)
      }
      if (sample.order !== undefined) {
        const now = new Set(sample.order)
        for (const name of order) {
          if (now.has(name)) continue
          end(name, new Set())
          families.delete(name)
        }
        order = sample.order
      }
      const samples: EncodedSample[] = ended.map((bytes) => ({ labels: bytes, value: undefined }))
      let at = 0
      for (const name of order)
        for (const bytes of families.get(name)!.labels) samples.push({ labels: bytes, value: sample.values[at++]! })
      return samples
    }

    return {
      samples: {
        name: 'remote_write',
        url,
        headers: {
          ...headersOf(options),
          'content-type': 'application/x-protobuf',
          'content-encoding': 'snappy',
          'x-prometheus-remote-write-version': '0.1.0',
        },
        intervalMs: options.intervalMs,
        judge: (answer) => judge(answer, (status) => status === 429 || status >= 500),
        async sample(atMs) {
          const samples = samplesNow()
          const bodies: Body[] = []
          for (let from = 0; from < samples.length; from += BATCH_ITEMS) {
            const part = samples.slice(from, from + BATCH_ITEMS)
            bodies.push({ bytes: snappy(encodeRequest(part, atMs)), items: part.length })
            // What passes through this process goes first.
            await new Promise(setImmediate)
          }
          return bodies
        },
      },
    }
  },
}

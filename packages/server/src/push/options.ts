import { z } from 'zod'
import { lokiOptions } from './loki/options.js'
import { otlpOptions } from './otlp/options.js'
import { remoteWriteOptions } from './remote-write/options.js'

/** Where the daemon pushes what it knows: a line for each receiver. Off unless one is named. */
export const pushOptions = z
  .strictObject({
    loki: lokiOptions,
    otlp: otlpOptions,
    remoteWrite: remoteWriteOptions,
  })
  .prefault({})
  .meta({ description: 'Where the daemon pushes its log, spans and metrics: docs/push.md.' })

export type PushOptions = z.infer<typeof pushOptions>

import type { About, Receiver, ReceiverKind } from './contract.js'
import { lokiReceiver } from './loki/index.js'
import type { PushOptions } from './options.js'
import { otlpReceiver } from './otlp/index.js'
import { remoteWriteReceiver } from './remote-write/index.js'

/** A line for each receiver. */
export const RECEIVERS: { readonly [N in keyof PushOptions]: ReceiverKind<PushOptions[N]> } = {
  loki: lokiReceiver,
  otlp: otlpReceiver,
  remoteWrite: remoteWriteReceiver,
}

/** The receivers that the configuration names. */
export function receiversOf(
  options: PushOptions,
  about: About,
): readonly { readonly name: keyof PushOptions; readonly receiver: Receiver }[] {
  return (Object.keys(RECEIVERS) as (keyof PushOptions)[]).flatMap((name) => {
    const kind = RECEIVERS[name] as ReceiverKind<PushOptions[typeof name]>
    const address = kind.addressOf(options[name])
    return address === undefined ? [] : [{ name, receiver: kind.create(options[name], address, about) }]
  })
}

import type { Draft } from '../audit/index.js'

/** What rows that are saved together can be found by. */
export interface Sought {
  readonly earliest: string
  readonly latest: string
  /** Keys of their types, actors and targets: a JSON array. */
  readonly keys: string
}

/** A key as it stands in `keys`, in its quotation marks. */
export const keyOf = (kind: 'type' | 'actor' | 'target', value: string) => JSON.stringify(`${kind}:${value}`)

export function soughtOf(
  rows: readonly (Pick<Draft, 'actor' | 'target' | 'timestamp'> & { readonly eventType: string })[],
): Sought {
  const [types, actors, targets] = [new Set<string>(), new Set<string>(), new Set<string>()]
  let [earliest, latest] = [rows[0]?.timestamp ?? '', '']
  for (const { eventType, actor, target, timestamp } of rows) {
    types.add(eventType)
    actors.add(actor)
    targets.add(target)
    if (timestamp < earliest) earliest = timestamp
    if (timestamp > latest) latest = timestamp
  }
  const keys = [
    ...Array.from(types, (type) => keyOf('type', type)),
    ...Array.from(actors, (actor) => keyOf('actor', actor)),
    ...Array.from(targets, (target) => keyOf('target', target)),
  ]
  return { earliest, latest, keys: `[${keys.join(',')}]` }
}

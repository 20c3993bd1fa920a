/** How far a promise is kept. `partly`: a test shows a part; `missing` says what the issue still has to bring. */
export type Standing =
  | { readonly is: 'kept' }
  | { readonly is: 'open'; readonly issue: number; readonly missing: string }
  | { readonly is: 'partly'; readonly issue: number; readonly missing: string }

/** One promise of the contract in our words, with the contract's exact names and values. */
export interface Requirement {
  readonly promise: string
  readonly standing: Standing
}

/** A promise's id: its row of the contract, then words that stay as they are once given: `A1.health.status-200`. */
export type Id = `${'A' | 'B' | 'C' | 'D' | 'E' | 'F'}${number}.${string}`
type Promises = Readonly<Record<Id, string>>
type Requirements<P extends Promises> = { readonly [I in keyof P]: Requirement }

function stand<const P extends Promises>(standing: Standing, promises: P): Requirements<P> {
  return Object.fromEntries(
    Object.entries(promises).map(([id, promise]) => [id, { promise, standing }]),
  ) as Requirements<P>
}

/** Promises that the product keeps: each is cited by a test. */
export const kept = <const P extends Promises>(promises: P): Requirements<P> => stand({ is: 'kept' }, promises)

/** Promises that nothing keeps yet: the issue that will, and what it has to bring. */
export const open = <const P extends Promises>(issue: number, missing: string, promises: P): Requirements<P> =>
  stand({ is: 'open', issue, missing }, promises)

/** Promises of which a part is shown by a test: the issue that brings the rest, and what that is. */
export const partly = <const P extends Promises>(issue: number, missing: string, promises: P): Requirements<P> =>
  stand({ is: 'partly', issue, missing }, promises)

/** Number 0, for what found no room. */
export const OTHER = 'other'

/** Texts as small numbers, each once; beyond `most` they are all number 0. What was given a number keeps it. */
export class Names {
  readonly #most: number
  readonly #numbers = new Map<string, number>()
  readonly #texts: string[] = [OTHER]

  constructor(most: number) {
    this.#most = most
  }

  numberOf(text: string): number {
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    if (this.#texts.length > this.#most) return 0
    this.#numbers.set(text, this.#texts.length)
    return this.#texts.push(text) - 1
  }

  all(): Iterable<readonly [number: number, text: string]> {
    return this.#texts.entries()
  }

  textOf(number: number): string {
    return this.#texts[number] ?? OTHER
  }
}

/** Texts by number, each kept once: names and values of labels come again and again. */
export class Symbols {
  readonly #numbers = new Map<string, number>()
  readonly #texts: string[] = []

  /** The number of a text, which is made known. */
  numberOf(text: string): number {
    let number = this.#numbers.get(text)
    if (number === undefined) {
      number = this.#texts.push(text) - 1
      this.#numbers.set(text, number)
    }
    return number
  }

  /** The number of a text that is known. */
  find(text: string): number | undefined {
    return this.#numbers.get(text)
  }

  textOf(number: number): string {
    return this.#texts[number]!
  }
}

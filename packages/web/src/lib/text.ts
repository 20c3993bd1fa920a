/**
 * Names and texts that servers and clients sent are hostile: they may hold markup (which Preact shows as text), characters
 * that move or hide others, and a hundred thousand letters.
 */

/** Longest name that is shown whole, in characters. */
export const NAME_LENGTH = 80
/** Longest title: what a pointer that rests on a name shows. */
const TITLE_LENGTH = 1000

/** Controls, what turns the direction of text, and what takes no room: each can make a name look like another. */
const TRICKS =
  /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/gu

/** The text with such characters written out, as `⟨U+202E⟩`. */
export const plain = (text: string): string =>
  text.replace(TRICKS, (character) => {
    const code = character.codePointAt(0) ?? 0
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`
  })

/** The text as it can be shown in `length` characters: nothing of it hidden, its rest cut. */
export function shown(text: string, length = NAME_LENGTH): string {
  // Of a very long text only as much is looked at as can matter.
  const points = [...plain(text.slice(0, length * 2))]
  return points.length > length || text.length > length * 2
    ? `${points.slice(0, length - 1).join('')}…`
    : points.join('')
}

/** What a pointer that rests on a cut text shows; undefined where it is not cut. */
export const titleOf = (text: string, length = NAME_LENGTH): string | undefined =>
  shown(text, length) === text ? undefined : shown(text, TITLE_LENGTH)

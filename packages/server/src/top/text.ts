import { stripVTControlCharacters } from 'node:util'

/** Characters that take two columns: East Asian wide ones and pictographs (Unicode Standard Annex 11). */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u

/**
 * A text of others for one place of a screen: names come from servers that may be hostile. Without escape sequences,
 * control characters and what has no width; nothing of it can move the cursor or colour what follows.
 */
export function clean(text: string): string {
  return stripVTControlCharacters(text).replace(/[\p{C}\p{Zl}\p{Zp}\p{Mn}\p{Me}]/gu, '')
}

/** How many columns a clean text takes. */
export function widthOf(text: string): number {
  let width = 0
  for (const character of text) width += WIDE.test(character) ? 2 : 1
  return width
}

/** A clean text in exactly `width` columns: cut with an ellipsis, or filled with spaces at the side that `isRight` leaves. */
export function fitted(text: string, width: number, isRight = false): string {
  if (width <= 0) return ''
  const space = width - widthOf(text)
  if (space >= 0) return isRight ? ' '.repeat(space) + text : text + ' '.repeat(space)
  let kept = ''
  let taken = 0
  for (const character of text) {
    const more = WIDE.test(character) ? 2 : 1
    if (taken + more > width - 1) break
    kept += character
    taken += more
  }
  return `${kept}…${' '.repeat(width - 1 - taken)}`
}

import { NAME_LENGTH, shown, titleOf } from '../lib/text.js'

/** A text that strangers chose: kept apart from the direction of the text around it, cut, nothing in it hidden. */
export function Name({ text, length = NAME_LENGTH }: { text: string | undefined; length?: number }) {
  if (text === undefined || text === '') return <span class="soft">–</span>
  return (
    <bdi class="name" title={titleOf(text, length)}>
      {shown(text, length)}
    </bdi>
  )
}

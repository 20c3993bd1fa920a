import type { Refuse } from './build.js'
import { isFunction } from './functions.js'
import { refuseName } from './operands.js'

/** Says what is wrong where the grammar found no way on. Never returns. */
export function explainSyntax(text: string, error: SyntaxError, refuse: Refuse): never {
  const at = Number(/\d+$/.exec(error.message)?.[0] ?? 0)
  const [, name] = /([a-zA-Z_:][a-zA-Z0-9_:]*)\s*$/.exec(text.slice(0, at)) ?? []
  if (name !== undefined && text[at] === '(' && !isFunction(name.toLowerCase())) {
    const nameAt = text.slice(0, at).lastIndexOf(name)
    refuseName(text, nameAt, name)
    refuse(nameAt, `there is no function ${name}`)
  }
  if (name !== undefined && text[at] === '(' && name !== name.toLowerCase())
    refuse(at - name.length, `there is no function ${name}; names of functions have small letters`)
  const rest = text.slice(at).trimStart()
  if (rest === '') return refuse(at, text.trim() === '' ? 'there is no expression' : 'it ends too early')
  const [word] = /^(?:[\w:.]+|[^\w\s][=~]?)/u.exec(rest) ?? [rest[0]]
  return refuse(at, `${word} is not expected here`)
}

import { redact } from '../redact/index.js'

const MASK = '***'
/** Names of options, variables and headers whose values are not shown. */
const SECRET_NAME = /key|token|secret|pass|auth|cred|bearer|cookie|session|header|\bpat\b/i
const ADDRESS = /^[a-z][\w+.-]*:\/\//i
/** Long, and of mixed kinds of characters: nobody’s word. */
const RANDOM = /^(?=.*\d)(?=.*[A-Za-z])[\w+=-]{20,}$/

/** A command line without what may be secret in it. An argument that only looks like a secret is masked too. */
export function maskedWords(words: readonly string[]): readonly string[] {
  return words.map((word, index) => maskedWord(word, index > 0 ? words[index - 1]! : ''))
}

function maskedWord(word: string, before: string): string {
  // `--api-key value`, `-H "Authorization: Bearer value"`, `-e NAME=value`
  if (/^--?[\w-]+$/.test(before) && SECRET_NAME.test(before) && !word.startsWith('-')) return MASK
  const assigned = /^(-{0,2}[\w.-]+)(=|:\s*)(?!\/\/)(.+)$/s.exec(word)
  if (assigned && !/^[A-Za-z]:[\\/]/.test(word)) {
    const [, name = '', sign = '', value = ''] = assigned
    const isVariable = /^-{1,2}(?:e|env)$/.test(before)
    if (isVariable || SECRET_NAME.test(name)) return `${name}${sign}${MASK}`
    if (ADDRESS.test(value)) return `${name}${sign}${maskedUrl(value)}`
  }
  if (ADDRESS.test(word)) return maskedUrl(word)
  return RANDOM.test(word) ? MASK : redact(word)
}

/** An address without user, password and the values of its query. */
function maskedUrl(text: string): string {
  const plain = text.replace(/\/\/[^/?#@]*@/, `//${MASK}@`).replace(/([?&][^=&#]*=)[^&#]*/g, `$1${MASK}`)
  return plain.replace(/[^/:.?&=#@]{20,}/g, (part) => (RANDOM.test(part) ? MASK : part))
}

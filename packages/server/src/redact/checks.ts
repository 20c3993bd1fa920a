/** Luhn's check (ISO/IEC 7812-1), which every payment card's number passes; 12 to 19 digits, others are left out. */
export function isCard(text: string): boolean {
  const digits = text.replace(/\D/g, '')
  if (digits.length < 12 || digits.length > 19) return false
  let sum = 0
  for (let place = 0; place < digits.length; place++) {
    const digit = Number(digits[digits.length - 1 - place])
    const doubled = place % 2 === 1 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}

/** ISO 7064 MOD 97-10 over an IBAN (ISO 13616), spaces and hyphens left out. */
export function isIban(text: string): boolean {
  const plain = text.replace(/[ -]/g, '').toUpperCase()
  let rest = 0
  for (const character of plain.slice(4) + plain.slice(0, 4)) {
    const value = Number.parseInt(character, 36)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest === 1
}

/** An IPv4 address of which something could be learned: not loopback, not the unspecified one, none of a private net. */
export function isForeignIpv4(text: string): boolean {
  return (
    text.split('.').every((part) => Number(part) <= 255) &&
    !/^(?:127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|0\.0\.0\.0$)/.test(text)
  )
}

/** An IPv6 address (RFC 4291) but loopback and the unspecified one; at least one digit, so that `db::add` is none. */
export function isForeignIpv6(text: string): boolean {
  const groups = text.split(':')
  if (/^[:0]*1?$/.test(text) || !/\d/.test(text) || text.includes(':::')) return false
  const isShort = text.includes('::')
  return groups.length >= (isShort ? 4 : 8) && groups.length <= 8 && groups.every((group) => group.length <= 4)
}

/** Share of neighbours of unlike class (upper, lower, digit) from which a run of letters and digits is no words. */
const LEAST_MIXED = 0.4

/** Whether a run of letters and digits changes between upper, lower and digit as often as chance does, and words do not. */
export function isRandom(text: string): boolean {
  let changes = 0
  for (let index = 1; index < text.length; index++)
    if (classOf(text.charCodeAt(index)) !== classOf(text.charCodeAt(index - 1))) changes++
  return /\d/.test(text) && changes / text.length >= LEAST_MIXED
}

function classOf(code: number): number {
  if (code >= 48 && code <= 57) return 0
  return code >= 97 && code <= 122 ? 1 : 2
}

/** Numbers as Go's package fmt writes them: templates of rules are Go's. */

/** As `%v`: the fewest digits that tell it from others, with an exponent from a million on and below a ten-thousandth. */
export function formatV(value: number): string {
  return special(value) ?? scientific(value, shortest(value), 6)
}

/** As `%.4g` with another precision. */
export function formatG(value: number, precision: number): string {
  const digits = Math.max(1, precision)
  return special(value) ?? scientific(value, value.toExponential(digits - 1), digits)
}

/** As `%.2f` with another precision. */
export function formatF(value: number, precision: number): string {
  const known = special(value)
  if (known !== undefined) return known
  // JavaScript's own gives an exponent from here on.
  if (Math.abs(value) < 1e21) return value.toFixed(precision)
  return BigInt(value).toString() + (precision > 0 ? `.${'0'.repeat(precision)}` : '')
}

/** As `%.2e` with another precision. */
export function formatE(value: number, precision: number): string {
  return special(value) ?? padded(value.toExponential(precision))
}

function special(value: number): string | undefined {
  if (Number.isNaN(value)) return 'NaN'
  return Number.isFinite(value) ? undefined : value > 0 ? '+Inf' : '-Inf'
}

const shortest = (value: number): string => value.toExponential()

/** `text` is in the form 1.5e+3; it is written without exponent where that is from −4 to below `most`. */
function scientific(value: number, text: string, most: number): string {
  const [mantissa = '', power = ''] = text.split('e')
  const exponent = Number(power)
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  const digits = mantissa.replace(/[-.]/g, '').replace(/0+$/, '') || '0'
  if (exponent < -4 || exponent >= most)
    return `${sign}${digits[0]}${digits.length > 1 ? `.${digits.slice(1)}` : ''}${padded(`e${power}`)}`
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0')
  const fraction = digits.slice(exponent + 1)
  return `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}`
}

/** Go writes two digits of an exponent at least. */
const padded = (text: string): string => text.replace(/e([+-])(\d)$/, 'e$10$2')

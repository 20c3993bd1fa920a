/**
 * Whether a text can name a log: 1 to 200 characters, without white space, control characters and plus signs, which
 * C2SP's signed notes give a meaning to. By its form `example.com/audit` the name is nobody else's.
 */
export function isLogName(text: string): boolean {
  return /^[^\s+\p{Cc}\p{Surrogate}]{1,200}$/u.test(text)
}

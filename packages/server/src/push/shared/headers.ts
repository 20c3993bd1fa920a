/** The credentials of one receiver, as headers in lower case. */
export function headersOf(options: {
  readonly headers: Readonly<Record<string, string>>
  readonly username?: string | undefined
  readonly password?: string | undefined
}): Record<string, string> {
  const { headers, username, password = '' } = options
  const given = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  if (username === undefined) return given
  return { ...given, authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` }
}

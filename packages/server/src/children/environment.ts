/** What a server process is given of the daemon's environment. Everything else may hold secrets of other programs. */
const INHERITED =
  process.platform === 'win32'
    ? [
        'APPDATA',
        'HOMEDRIVE',
        'HOMEPATH',
        'LOCALAPPDATA',
        'PATH',
        'PATHEXT',
        'PROCESSOR_ARCHITECTURE',
        'PROGRAMFILES',
        'SYSTEMDRIVE',
        'SYSTEMROOT',
        'TEMP',
        'USERNAME',
        'USERPROFILE',
      ]
    : ['HOME', 'LANG', 'LC_ALL', 'LC_CTYPE', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'TMPDIR', 'TZ', 'USER']

/**
 * The environment for a server that the daemon starts: a short allow-list out of `inherited` (default: this process's),
 * then `own`, which wins. A value that starts with `()` is an exported shell function and stays out.
 */
export function minimalEnvironment(
  own: Readonly<Record<string, string>> = {},
  inherited: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const name of INHERITED) {
    const value = inherited[name]
    if (value !== undefined && !value.startsWith('()')) environment[name] = value
  }
  return Object.assign(environment, own)
}

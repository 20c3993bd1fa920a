import { CheckFailure, type Probe } from '../check.js'
import { commandProbe } from '../command/check.js'
import type { SystemdOptions } from './options.js'

/** Well: the unit is active. Any other state is `inactive`, with what systemctl ended with (3: not active, 4: no such unit). */
export function systemdProbe({ unit, user, timeoutMs }: SystemdOptions): Probe {
  const args = [...(user ? ['--user'] : []), 'is-active', '--quiet', unit]
  const probe = commandProbe({ type: 'command', command: 'systemctl', args, env: bus(), timeoutMs })
  return (signal) =>
    probe(signal).catch((error: unknown) => {
      throw error instanceof CheckFailure && error.reason === 'exit' ? new CheckFailure('inactive', error.code) : error
    })
}

/** Where the user's own systemd listens. */
function bus(): Record<string, string> {
  const { XDG_RUNTIME_DIR } = process.env
  return XDG_RUNTIME_DIR === undefined ? {} : { XDG_RUNTIME_DIR }
}

/** Stands for a value that is not shown. */
export const MASK = '***'

/** What alert channels are sent to and by: an address is often all that a stranger needs. */
const CHANNEL_SECRETS: ReadonlySet<PropertyKey> = new Set([
  ...['url', 'headers', 'routingKey', 'serviceKey', 'password', 'authToken'],
])

/** Whether the value at this key path may hold a secret: tokens, a database’s address, the environment and the headers of a server or a provider, and what channels and receivers of pushes need. */
export function isSecret(path: readonly PropertyKey[]): boolean {
  if (path[0] === 'alerts') {
    if (path[1] === 'channels') return CHANNEL_SECRETS.has(path[3] ?? '')
    return (path[1] === 'whatsapp' && path[2] === 'authToken') || (path[1] === 'heartbeat' && path[2] === 'url')
  }
  if (path[0] === 'push') return path[2] === 'headers' || path[2] === 'password'
  if (path[0] === 'listen' && path[1] === 'adminToken') return true
  if (path[0] === 'dashboard' && path[1] === 'users' && path[3] === 'passwordHash') return true
  if (path[0] === 'audit')
    return path[1] === 'postgres' || (path[1] === 'anchors' && (path[3] === 'git' || path[4] === 'secretAccessKey'))
  if (path[0] === 'monitor')
    return (
      (path[1] === 'api' && path[2] === 'key') ||
      (path[1] === 'components' && (path[3] === 'env' || path[3] === 'headers' || path[3] === 'token'))
    )
  return (path[0] === 'servers' || path[0] === 'providers') && (path[2] === 'env' || path[2] === 'headers')
}

/** An address without what may be secret in it: user and password, and the values of its query. */
export function maskUrl(text: string): string {
  return text.replace(/\/\/[^/?#@]*@/, `//${MASK}@`).replace(/([?&][^=&#]*=)[^&#]*/g, `$1${MASK}`)
}

/** Stands for a value that is not shown. */
export const MASK = '***'

/** Whether the value at this key path may hold a secret: the environment and the headers of a server or a provider. */
export function isSecret(path: readonly PropertyKey[]): boolean {
  return (path[0] === 'servers' || path[0] === 'providers') && (path[2] === 'env' || path[2] === 'headers')
}

/** An address without what may be secret in it: user and password, and the values of its query. */
export function maskUrl(text: string): string {
  return text.replace(/\/\/[^/?#@]*@/, `//${MASK}@`).replace(/([?&][^=&#]*=)[^&#]*/g, `$1${MASK}`)
}

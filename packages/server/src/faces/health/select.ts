/** Cuts a document down to some paths, such as `checks.*.status`; `*` stands for every key. Order is the document's. */
export function select(document: object, paths: readonly string[]): Record<string, unknown> {
  return cut(
    document,
    paths.map((path) => path.split('.')),
  )
}

function cut(group: object, paths: readonly (readonly string[])[]): Record<string, unknown> {
  const kept: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(group)) {
    const inner = paths.filter(([first]) => first === key || first === '*').map(([, ...rest]) => rest)
    if (inner.length === 0) continue
    if (inner.some((rest) => rest.length === 0)) kept[key] = value
    else if (typeof value === 'object' && value !== null) kept[key] = cut(value, inner)
  }
  return kept
}

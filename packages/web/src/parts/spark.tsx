/** A line without axes, in a cell. Nothing is drawn where fewer than two values are known. */
export function Spark({
  values,
  label,
  tone = 'line-1',
  least = 0,
}: {
  values: readonly (number | null | undefined)[]
  /** What is shown, for who does not see it. */
  label: string
  tone?: string
  /** Top of the scale at least. */
  least?: number
}) {
  const known = values.filter((value) => typeof value === 'number').length
  const most = values.reduce<number>((top, value) => Math.max(top, value ?? 0), least)
  return (
    <svg class={`spark ${tone}`} viewBox="0 0 100 24" preserveAspectRatio="none" role="img" aria-label={label}>
      {known > 1 && <path d={pathOf(values, most || 1)} />}
    </svg>
  )
}

function pathOf(values: readonly (number | null | undefined)[], most: number): string {
  const width = 100 / Math.max(values.length - 1, 1)
  let isOpen = false
  let path = ''
  for (const [index, value] of values.entries()) {
    if (typeof value !== 'number') {
      isOpen = false
      continue
    }
    path += `${isOpen ? 'L' : 'M'}${(index * width).toFixed(1)} ${(23 - (value / most) * 22).toFixed(1)}`
    isOpen = true
  }
  return path
}

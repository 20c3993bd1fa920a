import { hashOf, readBytes } from './files.js'
import { OWN_TITLE } from './install.js'
import type { Ledger } from './ledger.js'
import type { FilePlan } from './plan.js'
import type { Service } from './service.js'

/** The file of a login service, as one more file to write. */
export async function planService({ file }: Service, ledger: Ledger): Promise<readonly FilePlan[]> {
  if (file === undefined) return []
  const { path, text } = file
  const before = await readBytes(path)
  const record = ledger.of(path)
  const isOurs = before !== undefined && record?.written === hashOf(before)
  const original = isOurs ? await ledger.original(record) : before
  const after = Buffer.from(text)
  return [{ path, title: OWN_TITLE, kind: 'service', before, after, original, changes: [], left: [], notes: [] }]
}

import { readdir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder } from '../folders/index.js'
import type { Body } from './contract.js'

const FILE_NAME = /^(\d{15})-(\d{1,9})\.body$/
const TEMPORARY = '.tmp'

export interface OutboxLimits {
  /** Most bytes of bodies in memory. Beyond it the oldest there go, counted. */
  readonly memoryBytes: number
  /** Most bytes of bodies on disk. Beyond it the oldest go, counted. */
  readonly spoolBytes: number
}

/** One body that waits, in memory or on disk. */
interface Held {
  readonly seq: number
  readonly items: number
  readonly sizeBytes: number
  bytes: Uint8Array<ArrayBuffer> | undefined
  isOnDisk: boolean
  /** Taken, or given up. */
  isGone: boolean
}

/**
 * Bodies that wait for one receiver, the oldest first. While it takes them they are in memory alone; `spill` puts them on
 * disk, a file each, which appears whole or not at all: there they outlive this process, and the next one goes on with the
 * oldest. What a wrap's spool keeps are numbered events for a daemon that remembers marks; a receiver of others remembers
 * none, so here a body stays until it was answered for.
 */
export class Outbox {
  readonly #dir: string
  readonly #limits: OutboxLimits
  readonly #onFault: (error: unknown) => void
  #held: Held[] = []
  #seq = 0
  #memoryBytes = 0
  #spoolBytes = 0
  #dropped = 0
  #sending: Held | undefined
  #spilling: Promise<void> | undefined
  #hasFault = false

  /** `onFault`: told when the disk takes nothing, once until it does again. Must not throw. */
  constructor(dir: string, limits: OutboxLimits, onFault: (error: unknown) => void) {
    this.#dir = dir
    this.#limits = limits
    this.#onFault = onFault
  }

  /** Takes over what a process before this one left. Call it once, before anything else. */
  async load(): Promise<void> {
    const names = await readdir(this.#dir).catch(() => [])
    for (const name of names.sort()) {
      const path = join(this.#dir, name)
      const [, seq, items] = FILE_NAME.exec(name) ?? []
      if (name.endsWith(TEMPORARY)) await unlink(path).catch(() => {})
      if (seq === undefined) continue
      const found = await stat(path).catch(() => undefined)
      if (!found) continue
      const sizeBytes = found.size
      this.#held.push({
        ...{ seq: Number(seq), items: Number(items), sizeBytes },
        ...{ bytes: undefined, isOnDisk: true, isGone: false },
      })
      this.#seq = Number(seq)
      this.#spoolBytes += sizeBytes
    }
    this.#trimDisk()
  }

  /** Bodies that wait. */
  get length(): number {
    return this.#held.length
  }

  stats() {
    return {
      waitingItems: this.#held.reduce((sum, { items }) => sum + items, 0),
      spoolBytes: this.#spoolBytes,
      memoryBytes: this.#memoryBytes,
      droppedItems: this.#dropped,
    }
  }

  add({ bytes, items }: Body): void {
    this.#held.push({
      ...{ seq: ++this.#seq, items, sizeBytes: bytes.length },
      ...{ bytes, isOnDisk: false, isGone: false },
    })
    this.#memoryBytes += bytes.length
    while (this.#memoryBytes > this.#limits.memoryBytes) {
      const oldest = this.#held.find((held) => !held.isOnDisk && held !== this.#sending)
      if (!oldest) return
      this.#drop(oldest)
    }
  }

  /** The oldest body, and what is to be called when it was answered for, or is to be sent again; it counts as being sent until then. */
  async first(): Promise<(Body & { done(): Promise<void>; kept(): void }) | undefined> {
    for (let held = this.#held[0]; held; held = this.#held[0]) {
      this.#sending = held
      const bytes = held.bytes ?? (await readFile(this.#pathOf(held)).catch(() => undefined))
      const found = held
      const kept = () => {
        this.#sending = undefined
      }
      const done = () => {
        kept()
        return this.#remove(found)
      }
      if (bytes) return { bytes, items: held.items, done, kept }
      // Somebody deleted it.
      this.#dropped += held.items
      await done()
    }
    return undefined
  }

  /** Puts what is in memory on disk. Where that fails it stays in memory. Never rejects. */
  spill(): Promise<void> {
    this.#spilling ??= this.#spillAll().finally(() => {
      this.#spilling = undefined
    })
    return this.#spilling
  }

  async #spillAll(): Promise<void> {
    try {
      for (;;) {
        const held = this.#held.find(({ isOnDisk }) => !isOnDisk)
        if (!held?.bytes) break
        await this.#write(held, held.bytes)
      }
      this.#hasFault = false
    } catch (error) {
      if (!this.#hasFault) this.#onFault(error)
      this.#hasFault = true
    }
  }

  async #write(held: Held, bytes: Uint8Array): Promise<void> {
    makeFolder(this.#dir, 0o700)
    const path = this.#pathOf(held)
    await writeFile(path + TEMPORARY, bytes, { mode: 0o600 })
    await rename(path + TEMPORARY, path)
    if (held.isGone) return void (await unlink(path).catch(() => {}))
    held.isOnDisk = true
    held.bytes = undefined
    this.#memoryBytes -= held.sizeBytes
    this.#spoolBytes += held.sizeBytes
    this.#trimDisk()
  }

  #trimDisk(): void {
    while (this.#spoolBytes > this.#limits.spoolBytes) {
      const oldest = this.#held.find((held) => held.isOnDisk && held !== this.#sending)
      if (!oldest) return
      this.#drop(oldest)
    }
  }

  #drop(held: Held): void {
    this.#dropped += held.items
    void this.#remove(held)
  }

  /** Resolves when nothing of it is left on disk. Never rejects. */
  async #remove(held: Held): Promise<void> {
    if (held.isGone) return
    held.isGone = true
    this.#held.splice(this.#held.indexOf(held), 1)
    held.bytes = undefined
    if (held.isOnDisk) {
      this.#spoolBytes -= held.sizeBytes
      await unlink(this.#pathOf(held)).catch(() => {})
    } else this.#memoryBytes -= held.sizeBytes
  }

  #pathOf({ seq, items }: Held): string {
    return join(this.#dir, `${String(seq).padStart(15, '0')}-${items}.body`)
  }
}

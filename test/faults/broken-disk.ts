/** Disks that fail: only root can make them. CI and this project's containers run as root. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { until } from '../fixtures/until.js'

const ATTACH_TIMEOUT_MS = 30_000

/** A file system of its own in memory, of `size`. */
export function smallDisk(size: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'mcp-vitals-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=700`, 'tmpfs', dir])
  onTestFinished(() => {
    execFileSync('umount', ['-l', dir])
    rmSync(dir, { recursive: true, force: true })
  })
  return dir
}

/** Takes every byte that is left. */
export function fill(file: string): void {
  for (let size = 4 * 1_048_576; size >= 4096; size /= 2) {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(size), { flag: 'a' })
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC')
    }
  }
}

/** From here until `mend`, every fsync of the process fails with EIO. Wants strace and the right to trace. */
export async function breakDisk(pid: number): Promise<() => Promise<number>> {
  const strace: ChildProcess = spawn(
    'strace',
    ['-f', '-p', String(pid), '-e', 'trace=fsync,fdatasync', '-e', 'inject=fsync,fdatasync:error=EIO'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  // It ends with the process, which may be before anybody mends the disk.
  const closed = once(strace, 'close')
  onTestFinished(() => void strace.kill('SIGKILL'))
  let said = ''
  strace.stderr!.setEncoding('utf8').on('data', (chunk) => {
    said += chunk
  })
  await until(
    () => said.includes('attached'),
    ATTACH_TIMEOUT_MS,
    () => `strace did not attach: ${said}`,
  )
  return async () => {
    strace.kill('SIGINT')
    await closed
    return said.match(/INJECTED/g)?.length ?? 0
  }
}

/** A disk whose power can be cut: ext4 on a file. What the kernel had not written by then is gone for good. */
export interface PoweredDisk {
  readonly dir: string
  /** Nothing is written from here on, whatever programs are told. */
  cut(): void
  /** Back again, with what was on it. Programs that had files open on it must have ended. */
  restore(): void
}

/** ioctl of ext4 (EXT4_IOC_SHUTDOWN) that stops it at once, without a last flush of its journal. */
const SHUTDOWN = `
import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587d, struct.pack("I", 2))
`

export function poweredDisk(sizeMiB: number): PoweredDisk {
  const base = mkdtempSync(join(tmpdir(), 'mcp-vitals-power-'))
  const [image, dir] = [join(base, 'image'), join(base, 'disk')]
  mkdirSync(dir)
  execFileSync('truncate', ['-s', `${sizeMiB}M`, image])
  execFileSync('mkfs.ext4', ['-q', image])
  const mount = () => execFileSync('mount', ['-o', 'loop', image, dir])
  mount()
  onTestFinished(() => {
    execFileSync('umount', ['-l', dir])
    rmSync(base, { recursive: true, force: true })
  })
  return {
    dir,
    cut: () => void execFileSync('python3', ['-c', SHUTDOWN, dir]),
    restore() {
      execFileSync('umount', [dir])
      mount()
    },
  }
}

/**
 * What a daemon costs while nothing happens: CPU milliseconds a second, by the operating system's account, of
 * `mcp-vitals up` without traffic and without scrapes, beside a Node that only waits. Both run at the same time.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** Start-up, and the first collections of garbage, are over after this long. */
const SETTLE_MS = 8_000
const MEASURED_MS = 20_000
/** Clock ticks a second in /proc/PID/stat, on every Linux that Node supports. */
const TICKS_PER_SECOND = 100

const home = mkdtempSync(join(tmpdir(), 'mcp-vitals-idle-'))
const cli = fileURLToPath(new URL('../packages/server/dist/cli/main.js', import.meta.url))
const start = (args) =>
  spawn(process.execPath, args, {
    cwd: home,
    stdio: 'ignore',
    env: { ...process.env, MCP_VITALS_DATA: join(home, 'state') },
  })
const cpuMs = ({ pid }) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1000
}

const waiting = start(['-e', 'setInterval(() => {}, 1e9)'])
const daemon = start([cli, 'up', '--port', '0'])
await sleep(SETTLE_MS)
const before = [waiting, daemon].map(cpuMs)
await sleep(MEASURED_MS)
const spent = [waiting, daemon].map((child, index) => ((cpuMs(child) - before[index]) / MEASURED_MS) * 1000)
for (const child of [waiting, daemon]) child.kill()
await new Promise((resolve) => daemon.once('exit', resolve))
rmSync(home, { recursive: true, force: true })

const [bare, ours] = spent
console.log('\nCPU milliseconds a second while nothing happens')
console.log(`  a Node that waits  ${bare.toFixed(1).padStart(6)}`)
console.log(`  mcp-vitals up      ${ours.toFixed(1).padStart(6)}`)

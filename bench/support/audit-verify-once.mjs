/** Verifies the log of a folder once, and prints how many rows it had, the seconds that it took, by the clock and of the processor, and the most memory held. */
import { verifyFolder } from './audit-file.mjs'

const from = performance.now()
const rows = await verifyFolder(process.argv[2])
const seconds = (performance.now() - from) / 1000
const { user, system } = process.cpuUsage()
console.log(
  JSON.stringify({ rows, seconds, cpuSeconds: (user + system) / 1e6, maxRssKb: process.resourceUsage().maxRSS }),
)

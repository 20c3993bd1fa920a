/** Verifies the log of a folder once, and prints how many rows it had, the seconds that it took, and the most memory held. */
import { verifyFolder } from './audit-file.mjs'

const from = performance.now()
const rows = await verifyFolder(process.argv[2])
const seconds = (performance.now() - from) / 1000
console.log(JSON.stringify({ rows, seconds, maxRssKb: process.resourceUsage().maxRSS }))

/**
 * `npm start`: makes the clone ready and runs the daemon. Without arguments it watches its demonstration servers;
 * `npm start -- --config my.json` watches one's own, and every argument goes to `mcp-vitals up` as it stands.
 */
import { join } from 'node:path'
import { setUp } from './setup.mjs'
import { foreground, ROOT } from './steps.mjs'

const given = process.argv.slice(2)
const ownServers = given.some((argument) => argument === '--config' || argument.startsWith('--config='))

if (!(await setUp())) process.exit(1)
const main = join(ROOT, 'packages/server/dist/cli/main.js')
process.exit(await foreground(process.execPath, [main, 'up', ...(ownServers ? [] : ['--demo']), ...given]))

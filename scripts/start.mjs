/**
 * `npm start`: makes the clone ready and runs the daemon. Without arguments it watches its demonstration servers;
 * `npm start -- --config my.json` watches one's own, and every argument goes to `mcp-vitals up` as it stands.
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { setUp } from './setup.mjs'
import { ROOT } from './steps.mjs'

const given = process.argv.slice(2)
const ownServers = given.some((argument) => /^(-c|--config)(=|$)/.test(argument))

if (!(await setUp())) process.exit(1)
// In this process and not in one of its own, so that signals, the terminal and the exit status are the daemon's.
const main = join(ROOT, 'packages/server/packed/cli/main.js')
process.argv = [process.execPath, main, 'up', ...(ownServers ? [] : ['--demo']), ...given]
await import(pathToFileURL(main).href)

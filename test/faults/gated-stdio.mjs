/** Runs a stdio server in this process, `node gated-stdio.mjs <flag> <server.js> [arguments…]`; ends with 3 while the file `flag` is there. */
import { existsSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const [flag, file, ...rest] = process.argv.slice(2)
if (existsSync(flag)) process.exit(3)
process.argv = [process.argv[0], file, ...rest]
await import(pathToFileURL(file).href)

// The floor of a stdio proxy: starts the command behind it and carries bytes both ways. With `--read` it also cuts the
// copy into lines and parses each, as the least that anybody who watches must do.
import { spawn } from 'node:child_process'

const reads = process.argv[2] === '--read'
const [command, ...args] = process.argv.slice(reads ? 3 : 2)
const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
function carry(from, to) {
  let rest = ''
  from.on('data', (chunk) => {
    if (!to.write(chunk)) from.pause()
    if (!reads) return
    const lines = (rest + chunk.toString('utf8')).split('\n')
    rest = lines.pop()
    for (const line of lines) JSON.parse(line)
  })
  to.on('drain', () => from.resume())
  from.on('end', () => to.end())
}
carry(process.stdin, child.stdin)
carry(child.stdout, process.stdout)
child.on('exit', (code) => process.exit(code ?? 1))

#!/usr/bin/env node
import { usualWrap } from './wrap-arguments.js'
import { keepHeapSmall } from './wrap-heap.js'

const args = process.argv.slice(2)
const wrap = usualWrap(args)
// Each way loads its own modules alone.
process.exit(wrap ? await runUsualWrap(wrap) : await runCommand())

async function runUsualWrap(given: NonNullable<typeof wrap>): Promise<number> {
  keepHeapSmall()
  try {
    return await (await import('./wrap.js')).runWrap(given)
  } catch (error) {
    const { report } = await import('./report.js')
    return report(error, (await import('./terminal.js')).processTerminal())
  }
}

async function runCommand(): Promise<number> {
  const { run } = await import('./run.js')
  return run(args, (await import('./terminal.js')).processTerminal())
}

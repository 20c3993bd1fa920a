/** A session with traces says what it says without them, but for the context; and whatever fails in them stays there. */
import { propagation } from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { afterEach, describe, expect, it } from 'vitest'
import { instrument, instrumentClient, vitals } from '../../../packages/instrument/src/index.js'
import { startTracing } from '../../../packages/instrument/src/otel/index.js'
import { type Line, richSession } from '../sdk/rich.js'
import { forgetSpans, spans } from './collected.js'

const undo: (() => void)[] = []
afterEach(() => {
  for (const each of undo.splice(0)) each()
  forgetSpans()
})

/** The messages without a context, and without what is empty then. */
function withoutContext(lines: readonly Line[]) {
  return lines.map(([from, json]) => {
    const message = JSON.parse(json)
    const meta = message.params?._meta
    if (meta) delete meta.traceparent
    if (meta && Object.keys(meta).length === 0) delete message.params._meta
    if (message.params && Object.keys(message.params).length === 0) delete message.params
    return [from, message]
  })
}

describe.each([1, 2] as const)('a session of SDK %i', (major) => {
  const traced = () => {
    undo.push(startTracing())
    return richSession(major, (server, client) => {
      instrument(server)
      instrumentClient(client)
    })
  }

  it('passes with traces as it does without, and has both sides of every message in them', async () => {
    const bare = await richSession(major)
    const lines = await traced()
    expect(withoutContext(lines)).toEqual(withoutContext(bare))
    const answers = (all: readonly Line[]) => all.map(([, json]) => json).filter((json) => !json.includes('"method"'))
    expect(answers(lines)).toEqual(answers(bare))
    const asked = lines.filter(([, json]) => json.includes('"method"'))
    expect(asked.filter(([, json]) => !json.includes('"traceparent":"00-'))).toEqual([])
    expect(spans()).toHaveLength(2 * asked.length)
    expect(JSON.stringify(spans().map(({ attributes, status }) => [attributes, status]))).not.toMatch(
      /sold out|burst pipe|aborted|which\?/,
    )
  })

  it('passes where the propagator throws', async () => {
    const bare = await richSession(major)
    const throws = () => {
      throw new Error('a propagator that fails')
    }
    propagation.disable()
    propagation.setGlobalPropagator({ inject: throws, extract: throws, fields: () => [] })
    undo.push(() => {
      propagation.disable()
      propagation.setGlobalPropagator(new W3CTraceContextPropagator())
    })
    const before = vitals().stats.faults
    expect(await traced()).toEqual(bare)
    expect(vitals().stats.faults).toBeGreaterThan(before)
  })
})

import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { event } from '@mcp-vitals/instrument/event'
import { watchAudit } from '@mcp-vitals/instrument/metrics'
import type { Publish } from '@mcp-vitals/instrument/stream'
import { type LateAuditLog, SEEN_FILE, startAuditLog } from '../audit-log/index.js'
import type { Config } from '../config/index.js'
import { type DataDir, readPrivately, replacePrivately } from '../datadir/index.js'
import { createGlobs } from '../doors/index.js'
import { redactName } from '../redact/index.js'
import { type AuditSink, createAuditSink, createLedger, type Ledger } from '../sinks/audit/index.js'
import type { Logger } from '../sinks/log/index.js'
import type { Observation } from './observe.js'
import { tell } from './sources.js'
import type { Teardown } from './teardown.js'

/** The audit log of a running daemon. */
export interface Audit {
  readonly log: LateAuditLog
  readonly sink: AuditSink
  /** Calls that are written down before they go on; undefined where the configuration names none. */
  readonly ledger: Ledger | undefined
  /** Shows its figures, and lets it publish what it finds. */
  attach(observation: Pick<Observation, 'registry' | 'publish'>): void
}

/**
 * Starts the audit log, where the configuration wants one. A disk or database that is not there keeps no daemon from
 * starting: rows wait, and the log line, the metric and the readiness tell of it.
 */
export async function openAudit(needs: {
  readonly config: Config
  readonly dataDir: DataDir
  readonly logger: Logger
  readonly teardown: Teardown
}): Promise<Audit | undefined> {
  const { config, dataDir, logger, teardown } = needs
  if (!config.audit.enabled) return undefined
  const onFault = tell(logger)
  const log = await startAuditLog({
    dir: dataDir.path,
    options: config.audit,
    now: Date.now,
    clock: () => performance.now(),
    onFault,
    onKeys({ signer, isNew }) {
      if (isNew) logger.info('audit_key_made', `A key of the audit log was made; its public key is ${signer.key.vkey}`)
    },
  })
  teardown.push(() => log.close())
  const seenFile = join(dataDir.path, SEEN_FILE)
  let publish: Publish = () => {}
  const sink = createAuditSink({
    log,
    calls: config.audit.calls,
    newId: randomUUID,
    seen: await readPrivately(seenFile),
    saveSeen: (text) => replacePrivately(seenFile, text).catch(onFault),
    onDefinitions(server) {
      logger.warning('tools_changed', `Server ${server} offers other tools than when last seen: mcp-vitals audit tail`)
      publish(event('security', Date.now(), { server }, { kind: 'TOOL_DEFINITION_CHANGED', severity: 'HIGH' }))
    },
    onInvalid: onFault,
  })
  const { before, commitments, policy } = config.audit
  const named = commitments.flatMap(({ tool, argument }) =>
    argument === undefined ? [] : [{ matches: createGlobs([tool]), argument }],
  )
  const ledger =
    before.length + named.length === 0
      ? undefined
      : createLedger({
          log,
          policy,
          matches: createGlobs(before),
          named,
          mask: redactName,
          publish: (one) => publish(one),
          now: Date.now,
          newId: randomUUID,
        })
  return {
    log,
    sink,
    ledger,
    attach(observation) {
      publish = observation.publish
      watchAudit(observation.registry, () => log.readings())
    },
  }
}

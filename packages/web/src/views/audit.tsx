import { useEffect, useState } from 'preact/hooks'
import { go, here, useAddress } from '../lib/address.js'
import { save } from '../lib/csv.js'
import { useAnswer, useRange } from '../lib/data.js'
import { utc } from '../lib/format.js'
import type { AuditProof, AuditRow, AuditRows } from '../lib/shapes.js'
import { useStore } from '../lib/store.js'
import { plain, shown } from '../lib/text.js'
import { session } from '../lib/who.js'
import { Filters } from '../parts/filters.js'
import { Dialog } from '../parts/keys.js'
import { LogInFirst } from '../parts/log-in-first.js'
import { Name } from '../parts/name.js'
import { Pairs } from '../parts/panel.js'
import { Scroll } from '../parts/scroll.js'
import { Copy, Failure } from '../parts/states.js'
import { type Column, Table } from '../parts/table.js'
import { Verify } from '../parts/verify.js'

const FILTERS = ['type', 'actor', 'target', 'text'] as const

/** Rows of the audit log: found, opened with their proof, and the whole verified. */
export function AuditView() {
  if (useStore(session)?.by === 'loopback')
    return <LogInFirst title="Log in to read the audit log.">It tells who did what.</LogInFirst>
  return <Log />
}

function Log() {
  const { params } = useAddress()
  const range = useRange()
  const [before, setBefore] = useState<number>()
  const query = new URLSearchParams({ since: utc(range.from), until: utc(range.to), limit: '100' })
  for (const name of FILTERS) {
    const value = params.get(name)
    if (value) query.set(name, name === 'type' ? value.toUpperCase() : value)
  }
  const filter = FILTERS.map((name) => params.get(name)).join('\n')
  // Another filter begins at the newest.
  useEffect(() => setBefore(undefined), [filter])
  if (before !== undefined) query.set('before', String(before))
  const answer = useAnswer<AuditRows>(`/admin/api/audit?${query}`)
  const rows = answer.value?.rows
  const open = params.get('row')
  return (
    <>
      <Verify />
      <Filters
        filters={[
          { name: 'text', label: 'Text', placeholder: 'anywhere in a row' },
          { name: 'type', label: 'Type', placeholder: 'TOOL_CALLED' },
          { name: 'actor', label: 'Actor', placeholder: 'agent-001' },
          { name: 'target', label: 'Target', placeholder: 'memory' },
        ]}
      />
      {answer.problem && <Failure problem={answer.problem} />}
      {!rows && answer.loading && <p class="nothing">Loading …</p>}
      {rows && (
        <Table
          name="audit rows"
          columns={COLUMNS}
          rows={rows}
          keyOf={({ seq }) => String(seq)}
          isFixed
          empty={<p class="nothing">No row fits in this range.</p>}
        />
      )}
      <p class="foot">
        {before !== undefined && (
          <button type="button" class="small" onClick={() => setBefore(undefined)}>
            newest
          </button>
        )}
        {answer.value?.next !== undefined && (
          <button type="button" class="small" onClick={() => setBefore(answer.value?.next)}>
            older
          </button>
        )}
      </p>
      {open !== null && /^\d{1,15}$/.test(open) && <Opened seq={open} />}
    </>
  )
}

const COLUMNS: readonly Column<AuditRow>[] = [
  {
    key: 'seq',
    label: 'Row',
    isNumber: true,
    value: ({ seq }) => seq,
    cell: ({ seq }) => <a href={here({ row: String(seq) })}>{seq}</a>,
  },
  { key: 'at', label: 'When', value: ({ timestamp }) => timestamp },
  {
    key: 'type',
    label: 'Type',
    value: ({ event_type }) => event_type,
    cell: ({ event_type, unreadable }) =>
      unreadable === undefined ? event_type : <strong class="bad">unreadable</strong>,
  },
  { key: 'actor', label: 'Actor', value: ({ actor }) => actor, cell: ({ actor }) => <Name text={actor} length={32} /> },
  {
    key: 'target',
    label: 'Target',
    value: ({ target }) => target,
    cell: ({ target }) => <Name text={target} length={40} />,
  },
  {
    key: 'details',
    label: 'Details',
    from: 'tablet',
    value: ({ details }) => (details === undefined ? undefined : JSON.stringify(details)),
    cell: ({ details }) => <Name text={details === undefined ? undefined : JSON.stringify(details)} length={70} />,
  },
]

/** One row, all of it, and the proof that it is in the log. */
function Opened({ seq }: { seq: string }) {
  const proven = useAnswer<AuditProof>(`/admin/api/audit?seq=${seq}&proof=1`)
  // A row that no checkpoint covers yet has no proof; it can be read all the same.
  const bare = useAnswer<AuditProof>(proven.problem ? `/admin/api/audit?seq=${seq}` : undefined)
  const row = proven.value?.row ?? bare.value?.row
  const proof = proven.value?.proof
  return (
    <Dialog title={`Row ${seq}`} onClose={() => go(here({ row: undefined }), { replace: true })}>
      {row && (
        <Pairs
          of={Object.entries(row).map(([name, value]) => [
            name,
            <code>{shown(typeof value === 'string' ? value : JSON.stringify(value), 2000)}</code>,
          ])}
        />
      )}
      {proven.problem && <Failure problem={proven.problem} />}
      {proof && (
        <>
          <h3>Proof that it is in the log</h3>
          <Scroll label="Proof">
            <pre class="proof">{proof.split('\n').map(plain).join('\n')}</pre>
          </Scroll>
          <p class="foot">
            <Copy text={proof} what="the proof" />
            <button type="button" class="small" onClick={() => save(`row-${seq}.tlog-proof`, proof, 'text/plain')}>
              save
            </button>
            <span>
              Anybody checks it: <code>mcp-vitals audit check-proof</code>
            </span>
          </p>
        </>
      )}
    </Dialog>
  )
}

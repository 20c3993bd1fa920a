import type { SettingRow, SettingsDocument } from '../../../server/src/faces/dashboard/api-views.js'
import { useAddress } from '../lib/address.js'
import { useAnswer } from '../lib/data.js'
import { useStore } from '../lib/store.js'
import { session } from '../lib/who.js'
import { Filters } from '../parts/filters.js'
import { LogInFirst } from '../parts/log-in-first.js'
import { Name } from '../parts/name.js'
import { Empty, Failure, Line } from '../parts/states.js'
import { type Column, Table } from '../parts/table.js'

const COLUMNS: readonly Column<SettingRow>[] = [
  {
    key: 'path',
    label: 'Option',
    value: ({ path }) => path,
    cell: ({ path }) => (
      <code>
        <Name text={path} />
      </code>
    ),
  },
  {
    key: 'value',
    label: 'Value',
    value: ({ value }) => value,
    cell: ({ value }) => (
      <code>
        <Name text={value} length={120} />
      </code>
    ),
  },
  { key: 'origin', label: 'From', value: ({ origin }) => origin, cell: ({ origin }) => <Name text={origin} /> },
]

/** The configuration in force, to be read. */
export function SettingsView() {
  return useStore(session)?.by === 'loopback' ? (
    <LogInFirst title="Log in to read the configuration.">It tells how this daemon is guarded.</LogInFirst>
  ) : (
    <Settings />
  )
}

function Settings() {
  const wanted = (useAddress().params.get('option') ?? '').toLowerCase()
  const answer = useAnswer<SettingsDocument>('/admin/api/settings')
  const document = answer.value
  const rows = document?.settings.filter(({ path }) => path.toLowerCase().includes(wanted)) ?? []
  return (
    <>
      <Filters filters={[{ name: 'option', label: 'Option', placeholder: 'part of its name' }]} />
      {answer.problem && <Failure problem={answer.problem} />}
      {!document && answer.loading && <p class="nothing">Loading …</p>}
      {document && (
        <>
          <p class="note">
            {document.file ? (
              <>
                Read from <Name text={document.file} length={200} />. Secrets are masked. To change something, change
                the file: the daemon reads it again, and its log names what needs a restart.
              </>
            ) : (
              'The daemon runs without a file of its own. One with every option begins with:'
            )}
          </p>
          {!document.file && <Line text="mcp-vitals config schema" />}
          <Table
            name="settings"
            columns={COLUMNS}
            rows={rows}
            keyOf={({ path }) => path}
            sort="path"
            empty={<Empty title="No option has that in its name." />}
          />
        </>
      )}
    </>
  )
}

import { useState } from 'preact/hooks'
import { to, useAddress } from '../lib/address.js'
import { useAnswer, useRange } from '../lib/data.js'
import { ago, moment, number, seconds, utc } from '../lib/format.js'
import { useFrame } from '../lib/promql.js'
import type { Alert, AlertsAnswer, AlertsHistory, Rule, RulesAnswer, Silence } from '../lib/shapes.js'
import { useStore } from '../lib/store.js'
import { shown } from '../lib/text.js'
import { mayAct, session } from '../lib/who.js'
import { AcknowledgeDialog, SilenceDialog, useAct } from '../parts/acts.js'
import { Chart } from '../parts/chart.js'
import { Filters } from '../parts/filters.js'
import { LogInFirst } from '../parts/log-in-first.js'
import { Name } from '../parts/name.js'
import { Panel } from '../parts/panel.js'
import { Empty, Failure, Status } from '../parts/states.js'
import { type Column, Table } from '../parts/table.js'
import { TONE_OF_SEVERITY } from '../parts/words.js'

/** What fires, what is silenced, what happened, and the rules that it comes from. */
export function AlertsView() {
  const who = useStore(session)
  const mayLook = who?.by !== 'loopback'
  return (
    <>
      {mayLook ? (
        <Told />
      ) : (
        <LogInFirst title="Log in to see alerts, who took them on, and to act.">
          On this machine everybody may look at figures; alerts tell who did what.
        </LogInFirst>
      )}
      <Rules />
    </>
  )
}

function Told() {
  const canAct = mayAct(useStore(session))
  const answer = useAnswer<AlertsAnswer>('/admin/api/alerts')
  const history = useAnswer<AlertsHistory>('/admin/api/alerts/history')
  const [acknowledging, setAcknowledging] = useState<Alert>()
  const [silencing, setSilencing] = useState<Alert>()
  const columns = alertColumns(canAct, setAcknowledging, setSilencing)
  return (
    <>
      {(answer.problem ?? history.problem) && <Failure problem={(answer.problem ?? history.problem)!} />}
      <div class="panels">
        <Panel title="Alerts" wide>
          {answer.value && (
            <Table
              name="alerts"
              columns={columns}
              rows={answer.value.alerts}
              keyOf={({ fingerprint }) => fingerprint}
              isFixed
              empty={
                <Empty title="Nothing fires, and nothing ended lately." line="mcp-vitals alerts test log">
                  <p>
                    Who is told stands in the configuration, under alerts.channels and alerts.routes. This sends a
                    message through a channel, here the log:
                  </p>
                </Empty>
              }
            />
          )}
        </Panel>
        <Panel title="Silences">{answer.value && <Silences silences={answer.value.silences} canAct={canAct} />}</Panel>
        <Panel title="History">
          {history.value && (
            <Table
              name="history"
              columns={HISTORY}
              rows={history.value.entries}
              keyOf={(entry) => JSON.stringify(entry)}
              isFixed
              empty={<p class="nothing">Nothing happened yet.</p>}
            />
          )}
        </Panel>
      </div>
      {acknowledging && (
        <AcknowledgeDialog
          name={acknowledging.labels.alertname ?? acknowledging.fingerprint}
          fingerprint={acknowledging.fingerprint}
          onClose={() => setAcknowledging(undefined)}
        />
      )}
      {silencing && <SilenceDialog labels={silencing.labels} onClose={() => setSilencing(undefined)} />}
    </>
  )
}

const labelsOf = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .filter(([label]) => label !== 'alertname')
    .map(([label, value]) => `${label}=${value}`)
    .join(' ')

function alertColumns(
  canAct: boolean,
  acknowledge: (alert: Alert) => void,
  silence: (alert: Alert) => void,
): readonly Column<Alert>[] {
  return [
    {
      key: 'severity',
      label: 'Severity',
      value: ({ severity }) => severity,
      cell: ({ severity, state }) => (
        <Status tone={state === 'resolved' ? 'good' : TONE_OF_SEVERITY[severity]}>{severity}</Status>
      ),
    },
    {
      key: 'state',
      label: 'State',
      value: ({ state }) => state,
      cell: ({ state, quiet, acknowledgement }) => (
        <>
          {state}
          {quiet && <small>{`quiet: ${quiet.reason}`}</small>}
          {acknowledgement && (
            <small>
              <Name text={`${acknowledgement.by}: ${acknowledgement.comment || 'no comment'}`} length={60} />
            </small>
          )}
        </>
      ),
    },
    {
      key: 'name',
      label: 'Alert',
      value: ({ labels }) => labels.alertname,
      cell: (alert) => {
        const { labels, annotations } = alert
        return (
          <>
            <strong>
              <Name text={labels.alertname} />
            </strong>
            <small>
              <Name text={annotations.summary ?? annotations.description} length={160} />
            </small>
            <small class="soft">
              <Name text={labelsOf(labels)} length={120} />
            </small>
            {canAct && alert.state !== 'resolved' && (
              <span class="acts">
                {alert.state === 'firing' && (
                  <button type="button" class="small" onClick={() => acknowledge(alert)}>
                    acknowledge
                  </button>
                )}
                {!alert.quiet && (
                  <button type="button" class="small" onClick={() => silence(alert)}>
                    silence
                  </button>
                )}
              </span>
            )}
          </>
        )
      },
    },
    { key: 'value', label: 'Value', isNumber: true, value: ({ value }) => value, cell: ({ value }) => number(value) },
    {
      key: 'since',
      label: 'Since',
      isNumber: true,
      value: (alert) => alert.startsAt ?? alert.activeAt,
      cell: (alert) => {
        const at = Date.parse(alert.endsAt ?? alert.startsAt ?? alert.activeAt)
        return <time title={utc(at)}>{alert.endsAt ? `ended ${ago(at)}` : ago(at)}</time>
      },
    },
    { key: 'channels', label: 'Told', from: 'tablet', value: ({ channels }) => channels.join(' ') },
  ]
}

function Silences({ silences, canAct }: { silences: readonly Silence[]; canAct: boolean }) {
  const { run, problem, isBusy } = useAct(() => {})
  const now = Date.now()
  const active = silences.filter(({ endsAt }) => Date.parse(endsAt) > now)
  if (active.length === 0)
    return (
      <Empty
        title="Nothing is silenced."
        line="mcp-vitals alerts silence alertname=ServerUnreachable --for 2h --comment patches"
      >
        <p>To keep something quiet, also before it fires:</p>
      </Empty>
    )
  return (
    <>
      <ul class="rows">
        {active.map(({ id, matchers, endsAt, by, comment }) => (
          <li key={id}>
            <span>
              <code>
                <Name text={matchers.join(', ')} length={120} />
              </code>
              <small>
                <Name text={`${by}: ${comment || 'no reason given'}`} length={120} />
              </small>
            </span>
            <time title={endsAt}>{`${seconds((Date.parse(endsAt) - now) / 1000)} left`}</time>
            {canAct && (
              <button type="button" class="small" disabled={isBusy} onClick={() => void run({ do: 'unsilence', id })}>
                end
              </button>
            )}
          </li>
        ))}
      </ul>
      {problem && <Failure problem={problem} />}
    </>
  )
}

const HISTORY: readonly Column<AlertsHistory['entries'][number]>[] = [
  {
    key: 'at',
    label: 'When',
    value: ({ at }) => at,
    cell: ({ at }) => <time title={at}>{moment(Date.parse(at))}</time>,
  },
  { key: 'what', label: 'What', value: ({ what }) => what },
  {
    key: 'alert',
    label: 'Alert',
    value: ({ labels }) => labels.alertname,
    cell: ({ labels, channel, by, comment, problem, reason }) => (
      <>
        <Name text={labels.alertname ?? labelsOf(labels)} />
        <small>
          <Name text={[channel, by, comment, reason, problem].filter(Boolean).join(', ')} length={120} />
        </small>
      </>
    ),
  },
]

const STATE_TONES = { firing: 'bad', pending: 'some', inactive: 'good' } as const

function Rules() {
  const answer = useAnswer<RulesAnswer>('/admin/api/v1/rules')
  const wanted = (useAddress().params.get('rule') ?? '').toLowerCase()
  const all = answer.value?.data.groups.flatMap(({ name, rules }) => rules.map((rule) => ({ group: name, rule }))) ?? []
  const fit = all.filter(({ rule }) => rule.name.toLowerCase().includes(wanted))
  const order = { firing: 0, pending: 1, inactive: 2 } as const
  const sorted = [...fit].sort((a, b) => order[a.rule.state ?? 'inactive'] - order[b.rule.state ?? 'inactive'])
  return (
    <Panel title="Rules" wide>
      <Filters filters={[{ name: 'rule', label: 'Rule', placeholder: 'part of its name' }]} />
      {answer.problem && <Failure problem={answer.problem} />}
      {answer.value && all.length === 0 && <Empty title="No rules are loaded." line="mcp-vitals rules list" />}
      {sorted.map(({ group, rule }, index) => (
        <RuleEntry key={`${group} ${rule.name} ${rule.query} ${index}`} rule={rule} group={group} />
      ))}
    </Panel>
  )
}

/** A rule; opened, its expression over time and what it is now. */
function RuleEntry({ rule, group }: { rule: Rule; group: string }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <details class="rule" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        {rule.type === 'alerting' ? (
          <Status tone={STATE_TONES[rule.state ?? 'inactive']}>{rule.state ?? 'inactive'}</Status>
        ) : (
          <Status tone="none">recorded</Status>
        )}
        <strong>
          <Name text={rule.name} />
        </strong>
        <span class="soft">{`${group}${rule.duration ? `, for ${seconds(rule.duration)}` : ''}`}</span>
        {rule.lastError && <Status tone="bad">failed</Status>}
      </summary>
      {isOpen && <RuleBody rule={rule} />}
    </details>
  )
}

function RuleBody({ rule }: { rule: Rule }) {
  const range = useRange()
  const compared = comparison(rule.query)
  const answer = useFrame(compared ?? rule.query, range, 'view')
  return (
    <>
      <p>
        <code class="expression">{rule.query}</code> <a href={to(['query'], { query: rule.query })}>open in Query</a>
      </p>
      {rule.annotations?.summary && (
        <p>
          <Name text={rule.annotations.summary} length={300} />
        </p>
      )}
      {rule.lastError && <p class="failure">{shown(rule.lastError, 400)}</p>}
      <Chart
        title={compared ? 'Left of the comparison, now and over time' : 'Value, now and over time'}
        answer={answer}
        format={number}
        name={(labels) => labelsOf(labels) || 'value'}
        height={140}
        empty="The expression has no value in this range: the condition did not hold, or there are no samples."
      />
    </>
  )
}

/** The left side of an expression that only compares at its top with a number: what shows how near an alert is. */
function comparison(query: string): string | undefined {
  const found = /^([^<>=!]+?)\s*(?:==|!=|>=|<=|>|<)\s*-?[\d.e+-]+\s*$/.exec(query)
  const left = found?.[1]?.trim()
  if (left === undefined || /\b(?:and|or|unless)\b/.test(left)) return undefined
  return left
}

import type { Capacity, Usage } from '../../../server/src/faces/dashboard/api.js'
import { count, number, percent, perSecond, usd } from '../lib/format.js'
import { Name } from './name.js'
import { Pairs, Panel } from './panel.js'
import { Spark } from './spark.js'

/** What was used today and in the last 30 days, and what of the budgets is spent. */
export function UsagePanel({ usage: { today, days, budgets } }: { usage: Usage }) {
  const sum = (of: (day: (typeof days)[number]) => number) => days.reduce((total, day) => total + of(day), 0)
  const tokens = (day: (typeof days)[number]) => day.inputTokens + day.outputTokens
  const rows = [
    ['Calls', count(today.calls), count(sum(({ calls }) => calls)), days.map(({ calls }) => calls)],
    ['Tokens', number(tokens(today)), number(sum(tokens)), days.map(tokens)],
    ['Money', usd(today.costUsd), usd(sum(({ costUsd }) => costUsd)), days.map(({ costUsd }) => costUsd)],
  ] as const
  return (
    <Panel title="Usage">
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col" class="number">
              Today
            </th>
            <th scope="col" class="number">
              30 days
            </th>
            <th scope="col">By day</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([what, now, all, values]) => (
            <tr key={what}>
              <th scope="row">{what}</th>
              <td class="number">{now}</td>
              <td class="number">{all}</td>
              <td>
                <Spark values={values} label={`${what} by day, 30 days`} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {days.some(({ estimated }) => estimated) && <p class="note">Tokens or money are estimates in part.</p>}
      {budgets.map(({ budget, spentUsd, limitUsd, spentRatio, forecastUsd }) => (
        <div key={budget} class="budget">
          <p>
            <Name text={budget} />
            <span>{`${usd(spentUsd)} of ${usd(limitUsd)}, ${percent(spentRatio)}`}</span>
          </p>
          <meter
            min={0}
            max={1}
            high={0.8}
            optimum={0}
            value={Math.min(spentRatio, 1)}
            aria-label={`Spent of ${budget}`}
          />
          {forecastUsd !== undefined && (
            <p class={forecastUsd > limitUsd ? 'note bad' : 'note'}>{`${usd(forecastUsd)} by the end of the month`}</p>
          )}
        </div>
      ))}
    </Panel>
  )
}

/** What to plan by. */
export function CapacityPanel({ capacity }: { capacity: Capacity }) {
  const { trendRatio } = capacity
  const trend =
    trendRatio === undefined
      ? 'not known before two weeks'
      : `${trendRatio < 0 ? '▼ ' : trendRatio > 0 ? '▲ ' : ''}${percent(Math.abs(trendRatio))} ${trendRatio < 0 ? 'fewer' : 'more'} than the week before`
  return (
    <Panel title="Capacity">
      <Pairs
        of={[
          ['Request rate', perSecond(capacity.requestsPerSecond)],
          ['Requests in 7 days', `${count(capacity.callsLast7Days)}, ${trend}`],
          ['Requests in the next 30 days', number(capacity.forecastCalls30Days)],
          ['Tokens in the next 30 days', number(capacity.forecastTokens30Days)],
          ['Money in the next 30 days', usd(capacity.forecastUsd30Days)],
          ['Queue depth', count(capacity.queueDepth)],
        ]}
      />
      <Spark values={capacity.queueDepths} label="Queue depth, last 60 minutes" least={1} />
      <p class="note">Queue depth, last 60 minutes</p>
    </Panel>
  )
}

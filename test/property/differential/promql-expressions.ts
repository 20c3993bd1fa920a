/**
 * Random expressions over the series of promql-data.ts. They are such that Prometheus 2.42, which is compared with,
 * means the same by them as Prometheus 3: ranges end off the samples, and where rounding differs a bit no operator
 * follows that makes a jump of it.
 */
import fc from 'fast-check'

type Text = fc.Arbitrary<string>

const of = (...choices: readonly string[]): Text => fc.constantFrom(...choices)
/** A template with its places filled in, in order. */
const text = (parts: TemplateStringsArray, ...places: readonly Text[]): Text =>
  fc.tuple(...places).map((filled) => parts.reduce((all, part, index) => all + filled[index - 1] + part))

const MATCHERS: Readonly<Record<string, readonly string[]>> = {
  calls_total: ['status="error"', 'tool!="read"', 'server=~"files|mail"', 'status!~"succ.*"', 'tool=~"w.+"'],
  queue_size: ['plugin="a"', 'server=~".*a.*"', 'plugin!="a"', 'server!~"mail|x"'],
  temperature: ['tool="read"', 'server=~"(?i:MAIL)"', 'server!=""'],
  odd: ['server="files"', 'server!="mail"'],
  latency_seconds_bucket: ['le=~"0.+"', 'server="search"'],
}

/** Offsets and fixed times end off the samples too. */
const shift: Text = fc.oneof(
  { weight: 6, arbitrary: of('') },
  of(' offset 1m', ' offset -90s', ' offset 7m', ' @ 1767270600.5', ' @ start()', ' @ end()', ' @ end() offset 2m'),
)
const range = of('40s', '1m', '5m', '11m', '25m')

const selectorOf = (metric: string): Text => {
  const known = [...(MATCHERS[metric] ?? [])]
  const matchers = fc.subarray(known, { maxLength: Math.min(known.length, 2) })
  return matchers.map((list) => (list.length === 0 ? metric : `${metric}{${list.join(',')}}`))
}
const instant = (...metrics: readonly string[]): Text => text`${fc.oneof(...metrics.map(selectorOf))}${shift}`
const ranged = (...metrics: readonly string[]): Text => text`${fc.oneof(...metrics.map(selectorOf))}[${range}]${shift}`

const grouping: Text = of(
  ...['', ' by (server)', ' by (server, tool)', ' without (server)', ' without (tool, plugin)', ' by (nosuch)'],
)
const matching: Text = of('', ' ignoring ()', ' on (server)', ' ignoring (tool)', ' on (server, tool, status)')
const arithmetic = of('+', '-', '*')
const comparison = of('==', '!=', '>', '<', '>=', '<=')
const whole = of('0', '1', '2', '3', '7', '-4', '10', '25')
const crooked = of('0.37', '17.31', '-3.2', '101.7', '0.0123')

/** Without `@`: over a range the old version moves what @ holds, below these functions. */
const later = of('', ' offset 1m', ' offset -90s')
const unpinned = text`${selectorOf('calls_total')}${later}`
const whole0 = instant('calls_total', 'queue_size', 'build_info')
const wholeRange = ranged('calls_total', 'queue_size')

const { exact, any } = fc.letrec<{ exact: string; any: string }>((tie) => {
  const e = tie('exact')
  const a = tie('any')
  return {
    /** Whole numbers, which both compute without rounding. */
    exact: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      whole0,
      text`${of('count_over_time', 'last_over_time', 'max_over_time', 'min_over_time', 'sum_over_time')}(${wholeRange})`,
      text`${of('changes', 'resets', 'present_over_time', 'idelta')}(${wholeRange})`,
      text`${of('sum', 'min', 'max', 'count', 'group')}${grouping}(${e})`,
      text`(${e} ${arithmetic} ${whole})`,
      text`(${whole} ${arithmetic} ${e})`,
      text`(${e} ${comparison} ${whole})`,
      text`(${e} ${comparison} bool ${whole})`,
      text`(${e} ${arithmetic}${matching} ${e})`,
      text`(${e} ${of('and', 'or', 'unless')}${matching} ${e})`,
      text`(sum by (server) (${e}) ${comparison} on (server) sum by (server) (${e}))`,
      text`(${whole0} ${arithmetic} on (server) group_left (version) build_info)`,
      text`(build_info ${arithmetic} on (server) group_right () ${instant('queue_size')})`,
      text`${of('abs', 'sgn', 'ceil', 'floor', '-')}(${instant('queue_size')} ${arithmetic} ${whole})`,
      text`clamp(${e}, -3, ${whole})`,
      text`round(${e}, ${of('5', '2', '0.5')})`,
      text`(${instant('queue_size')} % ${of('3', '7', '-4')})`,
      text`count_values${of('', ' by (server)', ' without (plugin)')}("value", ${instant('queue_size')})`,
      text`label_replace(${e}, "${of('tool', 'made')}", "${of('$1', 'x-$' + '{1}', '$$y')}", "server", "${of('(.*)', '(m)a.*', 'files')}")`,
      text`label_join(${e}, "made", "-", "server", "tool")`,
      text`absent(${e})`,
      text`absent_over_time(${wholeRange})`,
      text`${of('max', 'min', 'sum', 'count', 'last')}_over_time(${whole0}[${range}:${of('', '30s', '7s', '2m')}]${shift})`,
      text`${of('max', 'min')}_over_time(sum${grouping}(${whole0})[${range}:${of('', '45s')}]${shift})`,
      text`vector(scalar(${e}))`,
      text`(${e} + on () group_left () vector(${whole}))`,
    ),
    any: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      e,
      instant('temperature'),
      text`${of('rate', 'increase', 'irate')}(${ranged('calls_total')})`,
      text`${of('delta', 'deriv', 'avg_over_time', 'stddev_over_time', 'stdvar_over_time')}(${ranged('queue_size', 'temperature')})`,
      text`predict_linear(${selectorOf('queue_size')}[${range}]${later}, ${of('60', '-300')})`,
      text`quantile_over_time(${of('0', '0.31', '0.9', '1', '1.2')}, ${ranged('temperature', 'queue_size')})`,
      text`${of('sum', 'avg', 'min', 'max')}${grouping}(${a})`,
      text`${of('stddev', 'stdvar')}${grouping}(${instant('temperature', 'queue_size')})`,
      text`quantile${grouping}(${of('0.1', '0.5', '0.99', '-1', '2')}, ${a})`,
      text`${of('topk', 'bottomk')}${of('', ' by (server)', ' without (tool)')}(${of('1', '2', '5', '0')}, ${instant('temperature')})`,
      text`(${a} ${of('+', '-', '*', '/')} ${crooked})`,
      text`(${a} ${of('>', '<')} ${crooked})`,
      text`(${a} ${arithmetic}${matching} ${a})`,
      text`(sum by (server) (rate(${selectorOf('calls_total')}[5m])) / on (server) group_right () queue_size)`,
      text`${of('sqrt', 'exp', 'ln', 'log2', 'atan', 'sin', 'tanh', 'rad')}(abs(${instant('temperature')}))`,
      text`histogram_quantile(${of('0.5', '0.9', '0.99', '0', '1', '-1')}, sum by (le${of('', ', server')}) (rate(${selectorOf('latency_seconds_bucket')}[${range}])))`,
      text`histogram_quantile(0.9, latency_seconds_bucket)`,
      text`(timestamp(${unpinned}) - time())`,
      text`${of('hour', 'minute', 'day_of_week', 'day_of_year', 'days_in_month', 'month')}(timestamp(${unpinned}))`,
      text`${of('avg', 'quantile')}_over_time(rate(${selectorOf('calls_total')}[2m])[${range}:1m])`.map((one) =>
        one.replace('quantile_over_time(', 'quantile_over_time(0.7, '),
      ),
      text`(${instant('temperature')} atan2 on (server, tool) temperature)`,
    ),
  }
})

/** Values with NaN among them, which some aggregations of the old version treat otherwise. */
const odd: Text = fc.oneof(
  instant('odd'),
  text`${of('sum', 'min', 'max', 'count', 'avg')}${of('', ' by (server)')}(odd)`,
  text`${of('max', 'min', 'avg', 'sum', 'count', 'last')}_over_time(odd[${range}])`,
  text`quantile_over_time(0.4, odd[${range}])`,
  text`${of('changes', 'resets')}(odd[${range}])`,
  text`(odd ${comparison} ${whole})`,
  text`(odd ${comparison} bool odd)`,
  text`quantile(0.6, odd)`,
  text`${of('abs', 'sgn', 'sqrt', 'ln')}(odd)`,
  text`scalar(odd{server="files"})`,
  text`clamp_max(odd, ${whole})`,
)

const many: Text = text`${of('sum', 'count', 'max')} by (${of('server', '__name__', 'server, __name__')}) ({__name__=~"${of('calls_total|queue_size', '.+_total', 'latency.*')}"})`
const scalar: Text = fc.oneof(
  text`scalar(sum(${whole0}))`,
  of('time()', '1 / 0', '-1 ^ 2', '2 ^ 3 ^ 2', '7 % -4 > bool 2'),
)

/** Any of them. */
export const expression: Text = fc.oneof(
  { weight: 5, arbitrary: exact },
  { weight: 5, arbitrary: any },
  { weight: 2, arbitrary: odd },
  many,
  scalar,
)

/** When to evaluate: seconds from the first sample; off whole seconds. */
export const when = fc.record({ startS: fc.integer({ min: 0, max: 3300 }), stepS: of('15', '37', '60', '301') })

const WORDS = [
  ...['m', '(', ')', '{', '}', '[5m]', '[5m:]', 'offset 5m', '@ 1', '+', '-', '^', '==', 'bool', 'and', 'or', 'on (a)'],
  ...[
    'group_left',
    'sum',
    'by (a)',
    'rate',
    'abs',
    '1',
    '2.5',
    '"s"',
    ',',
    'topk',
    'time()',
    'a="b"',
    'ignoring',
    'without',
  ],
]

/** Expressions in which a word or two went astray; many of them make no sense any more. */
export const mutated: Text = fc
  .tuple(
    expression,
    fc.array(fc.tuple(fc.nat(), of('drop', 'double', 'replace', 'insert'), of(...WORDS)), {
      minLength: 1,
      maxLength: 2,
    }),
  )
  .map(([text, changes]) => {
    const words = text.match(/"[^"]*"|\w+|[=!<>]=?~?|\S/g) ?? []
    for (const [place, how, word] of changes) {
      const at = place % (words.length + 1)
      const known = words[at] ?? ''
      words.splice(at, how === 'insert' ? 0 : 1, ...(how === 'drop' ? [] : how === 'double' ? [known, known] : [word]))
    }
    return words.join(' ')
  })

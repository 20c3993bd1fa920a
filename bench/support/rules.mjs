/**
 * 25 rules: expressions such as those of the shipped rule files.
 *
 * @param longest what no queue comes to
 * @param counter one that no rate comes to 1e6 of
 */
export function rulesOver(longest, counter) {
  return [
    ...Array.from({ length: 7 }, (_, n) => `sum by (tool) (rate(calls_total{server="server-${n}"}[5m])) > 1e6`),
    ...Array.from(
      { length: 6 },
      (_, n) =>
        `sum(rate(calls_total{server="server-${n}",status="error"}[5m])) / sum(rate(calls_total{server="server-${n}"}[5m])) > 0.99`,
    ),
    ...Array.from({ length: 6 }, (_, n) => `queue_size{server="server-${n}"} > ${longest}`),
    ...Array.from({ length: 4 }, (_, n) => `max_over_time(queue_size{server=~"server-[${n}5]"}[10m]) > ${longest}`),
    'absent(calls_total)',
    `rate(${counter}[5m]) > 1e6`,
  ]
}

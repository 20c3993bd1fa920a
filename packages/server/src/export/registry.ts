import { alertmanager } from './alertmanager/index.js'
import { compose } from './compose/index.js'
import type { ExportTarget } from './contract.js'
import { fluentd } from './fluentd/index.js'
import { grafana } from './grafana/index.js'
import { kubernetes } from './kubernetes/index.js'
import { logstash } from './logstash/index.js'
import { loki } from './loki/index.js'
import { otelCollector } from './otel-collector/index.js'
import { prometheus } from './prometheus/index.js'
import { rules } from './rules/index.js'
import { systemd } from './systemd/index.js'

/** Every program that files are made for: a line for each. */
export const EXPORT_TARGETS: readonly ExportTarget[] = [
  prometheus,
  rules,
  alertmanager,
  grafana,
  compose,
  kubernetes,
  logstash,
  fluentd,
  loki,
  systemd,
  otelCollector,
]

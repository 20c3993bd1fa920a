import { stringify } from 'yaml'
import type { ExportTarget, Subject } from '../contract.js'
import { CONFIG_NOTES, daemonConfig, NO_TOKEN } from '../daemon.js'
import { jobOf, prometheusConfig } from '../prometheus/index.js'
import { ruleFiles, rulesOf, writtenGroup } from '../rules/index.js'
import { heading, yamlFile } from '../text.js'
import { NAMESPACE, named } from './names.js'
import { deployment, networkPolicy, service, sidecar, volumeClaim } from './workload.js'

export const kubernetes: ExportTarget = {
  name: 'kubernetes',
  about: 'Kubernetes: the daemon as a Deployment with all around it, Prometheus’s configuration, and a sidecar',
  files(subject) {
    const base = {
      'namespace.yaml': [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } }],
      'config.yaml': [configMap(subject), secret(subject)],
      'deployment.yaml': [volumeClaim(subject), deployment(subject), service(subject), networkPolicy(subject)],
      'prometheus-config.yaml': [prometheusConfigMap(subject)],
    }
    const kustomization = {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      resources: Object.keys(base),
    }
    const file = (path: string, documents: readonly object[], notes: readonly string[] = []) => ({
      path: `kubernetes/${path}`,
      text: yamlFile(heading(subject, 'kubernetes', notes), ...documents),
    })
    return [
      file(
        'kustomization.yaml',
        [kustomization],
        ['Apply it with "kubectl apply --kustomize .", once the token in config.yaml is yours.'],
      ),
      ...Object.entries(base).map(([path, documents]) => file(path, documents, NOTES[path])),
      file(
        'operator/prometheus.yaml',
        [serviceMonitor(subject), prometheusRule(subject)],
        ['For the Prometheus operator, in place of prometheus-config.yaml.'],
      ),
      file('examples/sidecar.yaml', sidecar(subject), [
        'A server with the daemon beside it in its pod: callers reach the server through the daemon alone.',
      ]),
    ]
  },
}

const NOTES: Readonly<Record<string, readonly string[]>> = {
  'config.yaml': [...CONFIG_NOTES, 'The daemon does not start before the token is replaced.'],
  'prometheus-config.yaml': ['Prometheus reads it as /etc/prometheus; its account has to be able to list pods.'],
}

function configMap(subject: Subject): object {
  const { name } = subject
  const hosts = [name, `${name}.${NAMESPACE}`, `${name}.${NAMESPACE}.svc`, `${name}.${NAMESPACE}.svc.cluster.local`]
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: named(name),
    data: { 'mcp-vitals.yaml': stringify(daemonConfig(subject, hosts)) },
  }
}

function secret({ name }: Subject): object {
  return { apiVersion: 'v1', kind: 'Secret', metadata: named(name), stringData: { 'admin-token': NO_TOKEN } }
}

/** Prometheus finds pods by their annotations, wherever they run. */
function prometheusConfigMap(subject: Subject): object {
  const pods = {
    ...jobOf(subject),
    kubernetes_sd_configs: [{ role: 'pod' }],
    relabel_configs: [
      { source_labels: ['__meta_kubernetes_pod_annotation_prometheus_io_scrape'], action: 'keep', regex: 'true' },
      {
        source_labels: ['__meta_kubernetes_pod_annotation_prometheus_io_path'],
        action: 'replace',
        target_label: '__metrics_path__',
        regex: '(.+)',
      },
      {
        source_labels: ['__address__', '__meta_kubernetes_pod_annotation_prometheus_io_port'],
        action: 'replace',
        regex: '([^:]+)(?::\\d+)?;(\\d+)',
        replacement: '$1:$2',
        target_label: '__address__',
      },
      { action: 'labelmap', regex: '__meta_kubernetes_pod_label_(.+)' },
      {
        source_labels: ['__meta_kubernetes_namespace'],
        action: 'replace',
        target_label: 'kubernetes_namespace',
      },
      { source_labels: ['__meta_kubernetes_pod_name'], action: 'replace', target_label: 'kubernetes_pod_name' },
      ...Object.entries(subject.scrape.labels).map(([label, value]) => ({ target_label: label, replacement: value })),
    ],
  }
  const rules = ruleFiles(subject, 'kubernetes').map(({ path, text }) => [path.replace(/^prometheus\//, ''), text])
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'prometheus-config', namespace: NAMESPACE },
    data: {
      'prometheus.yml': stringify(prometheusConfig(subject, [pods], 'alertmanager:9093'), { lineWidth: 0 }),
      ...Object.fromEntries(rules),
    },
  }
}

function serviceMonitor(subject: Subject): object {
  const { name, metrics, port, scrape } = subject
  const replaced = { job: scrape.job, ...scrape.labels }
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'ServiceMonitor',
    metadata: named(name),
    spec: {
      selector: { matchLabels: { 'app.kubernetes.io/name': name } },
      endpoints: [
        {
          port: metrics.port === port ? 'http' : 'metrics',
          path: metrics.path,
          interval: `${scrape.intervalMs / 1000}s`,
          relabelings: Object.entries(replaced).map(([targetLabel, replacement]) => ({ targetLabel, replacement })),
        },
      ],
    },
  }
}

function prometheusRule(subject: Subject): object {
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: named(subject.name),
    spec: { groups: rulesOf(subject).map(writtenGroup) },
  }
}

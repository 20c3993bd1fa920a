/** The command, and the folder in the repository that it wrote. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { loadConfig } from '../../../packages/server/src/config/index.js'
import { EXPORT_TARGETS, filesOf, subjectOf } from '../../../packages/server/src/export/index.js'
import { FILES } from '../../repo/files.js'
import { person } from '../cli/person.js'
import { tempDir } from '../store/support.js'
import { CASES, exported } from './support.js'

async function ran(...args: readonly string[]) {
  const somebody = person(['export', ...args])
  return { status: await somebody.status, ...somebody.seen() }
}

test('deploy/ has what the command writes, by itself and with each preset, and nothing else', () => {
  const made = CASES.flatMap((preset) =>
    exported('all', preset).map(({ path }) => `deploy/${preset === '' ? '' : `presets/${preset}/`}${path}`),
  )
  expect(FILES.filter((file) => file.startsWith('deploy/')).sort()).toEqual(made.sort())
})

test('a single file goes to standard output; several want a folder', async () => {
  const [file] = exported('alertmanager', 'dust')
  expect(await ran('alertmanager', '--preset', 'dust')).toEqual({ status: 0, out: file?.text, err: '' })
  expect(await ran('prometheus')).toMatchObject({
    status: 2,
    out: '',
    err: expect.stringContaining('(EXPORT_OUT_NEEDED)'),
  })
  expect(await ran('nagios')).toMatchObject({
    status: 2,
    err: expect.stringContaining(`there is ${EXPORT_TARGETS.map(({ name }) => name).join(', ')}, all.`),
  })
})

test('files are written below the folder, and what a person changed in them stays', async () => {
  const folder = join(tempDir(), 'new', 'deploy')
  expect(await ran('prometheus', '--out', folder)).toMatchObject({ status: 0, out: '' })
  const config = join(folder, 'prometheus/prometheus.yml')
  const written = readFileSync(config, 'utf8')
  expect(await ran('prometheus', '--out', folder)).toMatchObject({ status: 0 })
  writeFileSync(config, `${written}# mine\n`)
  const refused = await ran('all', '--out', folder)
  expect(refused).toMatchObject({ status: 2, err: expect.stringContaining('(EXPORT_WOULD_OVERWRITE)') })
  expect(refused.err).toContain(`\n  ${config}`)
  expect(readFileSync(config, 'utf8')).toBe(`${written}# mine\n`)
  expect(existsSync(join(folder, 'alertmanager'))).toBe(false)
  expect(await ran('prometheus', '--out', folder, '--force')).toMatchObject({ status: 0 })
  expect(readFileSync(config, 'utf8')).toBe(written)
})

test('a folder that cannot be made is told, and not tried for ever', async () => {
  // Node looks for a parent that can be made without end where one that is there answers ENOENT.
  const refused = await ran('prometheus', '--out', '/proc/nope')
  expect(refused).toMatchObject({ status: 1, err: expect.stringContaining('(EXPORT_FAILED)') })
  expect(refused.err).toContain('/proc/nope')
})

test.each(['rules', 'prometheus'])('a folder in the place of a file is told, by export %s', async (target) => {
  const folder = tempDir()
  const place = join(folder, 'prometheus/prometheus.yml')
  mkdirSync(place, { recursive: true })
  const refused = await ran(target, '--out', folder)
  expect(refused).toMatchObject({ status: 1, err: expect.stringContaining('(EXPORT_FAILED)') })
  expect(refused.err).toContain(place)
})

test('rule files of one’s own go along, each under a name of its own', async () => {
  const home = tempDir()
  const group = (name: string) => `groups: [{ name: ${name}, rules: [{ record: a:b, expr: up }] }]\n`
  for (const folder of ['one', 'two']) {
    mkdirSync(join(home, folder))
    for (const name of ['alerts.yml', 'mine.yml']) writeFileSync(join(home, folder, name), group(`${folder}-${name}`))
  }
  writeFileSync(join(home, 'config.yaml'), 'rules: { files: [one/*.yml, two/*.yml] }\n')
  const out = join(home, 'out')
  expect(await ran('prometheus', '--config', join(home, 'config.yaml'), '--out', out)).toMatchObject({ status: 0 })
  const text = (name: string) => readFileSync(join(out, 'prometheus', name), 'utf8')
  expect(text('prometheus.yml')).toContain(
    ['rule_files:', 'alerts.yml', '2-alerts.yml', 'mine.yml', '3-alerts.yml', '2-mine.yml'].join('\n  - '),
  )
  expect(text('3-alerts.yml')).toBe(group('two-alerts.yml'))
  writeFileSync(join(home, 'one', 'mine.yml'), 'groups: [{ name: x, rules: [{ expr: up }] }]\n')
  expect(await ran('rules', '--config', join(home, 'config.yaml'), '--out', out)).toMatchObject({
    status: 2,
    err: expect.stringContaining('(RULES_INVALID)'),
  })
})

test('files of one folder name the same rule files, whatever was exported there last', async () => {
  const home = tempDir()
  const [config, out] = [join(home, 'config.yaml'), join(home, 'out')]
  const rulesOf = (names: readonly string[]) => {
    for (const name of names) {
      mkdirSync(dirname(join(home, name)), { recursive: true })
      writeFileSync(join(home, name), `groups: [{ name: ${name}, rules: [{ record: a:b, expr: up }] }]\n`)
    }
    writeFileSync(config, `rules: { files: [${names}] }\n`)
  }
  const run = (target: string, ...flags: readonly string[]) => ran(target, '--config', config, '--out', out, ...flags)
  rulesOf(['one/mine.yml'])
  expect(await run('all')).toMatchObject({ status: 0 })
  const everything = () => readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.'))
  const texts = () => everything().map((name) => readFileSync(join(out, name), 'utf8'))
  const before = texts()
  // Each alone is what it is among all.
  for (const { name } of EXPORT_TARGETS) expect(await run(name), name).toMatchObject({ status: 0 })
  expect(texts()).toEqual(before)

  // What Compose knows as mine.yml would be another file, and 2-mine.yml would be mounted nowhere.
  rulesOf(['two/mine.yml', 'one/mine.yml'])
  for (const [target, named] of [
    ['prometheus', ['compose/compose.yaml', 'compose/prometheus.yml']],
    ['rules', ['compose/compose.yaml', 'compose/prometheus.yml', 'prometheus/prometheus.yml']],
    ['compose', ['prometheus/prometheus.yml']],
  ] as const) {
    const refused = await run(target, '--force')
    expect(refused).toMatchObject({ status: 2, err: expect.stringContaining('(EXPORT_OTHER_RULES)') })
    expect(
      refused.err
        .match(/out\/\S+/g)
        ?.map((path) => path.slice(4))
        .sort(),
    ).toEqual(named)
    expect(refused.err).toContain('(alerts.yml, mine.yml, 2-mine.yml)')
  }
  expect(texts()).toEqual(before)
  expect(await run('alertmanager')).toMatchObject({ status: 0 })
  expect(await run('all', '--force')).toMatchObject({ status: 0 })
  expect(await run('rules')).toMatchObject({ status: 0 })
  // What a person wrote in its place is none that could be read.
  writeFileSync(join(out, 'compose/prometheus.yml'), 'a: [')
  expect(await run('rules')).toMatchObject({ status: 2, err: expect.stringContaining('compose/prometheus.yml') })
})

test('what a configuration holds secret stands in no file', () => {
  const secret = 'a-secret-of-32-characters-or-more-0123'
  const home = tempDir()
  const file = join(home, 'config.json')
  const values = {
    listen: { adminToken: secret },
    servers: {
      one: { url: `https://user:${secret}@one.example.com/mcp` },
      two: { url: `https://two.example.com/mcp?key=${secret}` },
      three: { url: 'https://three.example.com/mcp', headers: { authorization: secret } },
      four: { command: 'x', args: [secret], env: { TOKEN: secret } },
    },
    alerts: { whatsapp: { authToken: secret }, heartbeat: { url: `https://example.com/${secret}` } },
  }
  writeFileSync(file, JSON.stringify(values))
  expect(JSON.stringify(filesOf('all', subjectOf(loadConfig({ file, env: {} }).config, [])))).not.toContain(secret)
})

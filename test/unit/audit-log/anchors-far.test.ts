/** Anchors on other machines: a witness of our own, a git repository, a store that checks signatures. */
import { execFileSync } from 'node:child_process'
import { createHash, createHmac } from 'node:crypto'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import {
  generateSigningKey,
  openNote,
  parseVerifierKey,
  parseWitnessKey,
  readWitnessKey,
  splitNotes,
  verifyLog,
} from '../../../packages/server/src/audit/index.js'
import { type AuditLog, openAuditLog, openKeys } from '../../../packages/server/src/audit-log/index.js'
import { auditOptions } from '../../../packages/server/src/audit-log/options.js'
import { createWitnessServer, openWitness } from '../../../packages/server/src/witness/index.js'
import { until } from '../../fixtures/until.js'
import { verifyInPython } from '../../fixtures/verify-audit.js'
import { many, tempDir } from '../audit-store/suite.js'

async function anchored(dir: string, anchors: object) {
  const told: string[] = []
  const options = auditOptions.parse({ anchors, log: 'example.com/anchored' })
  const setup = { dir, options, now: Date.now, clock: () => performance.now() }
  const log = await openAuditLog(
    { ...setup, onFault: ({ message }) => told.push(message) },
    await openKeys(dir, options),
  )
  onTestFinished(() => log.close(), 30_000)
  return { log, told }
}

const caughtUp = (log: AuditLog, told: readonly string[]) =>
  until(
    () =>
      log.readings().signedRows > 0 && log.readings().anchors.every(({ size }) => size === log.readings().signedRows),
    20_000,
    () => `${JSON.stringify(log.readings())} ${told}`,
  )

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const witnessPem = generateSigningKey()
const witnessKey = readWitnessKey('witness.example.com', witnessPem, Date.now).key

async function startWitness(dir: string, vkeys: readonly string[]): Promise<string> {
  const signer = readWitnessKey('witness.example.com', witnessPem, Date.now)
  const server = createWitnessServer(openWitness({ dir, logs: vkeys.map(parseVerifierKey), signer }), (error) => {
    throw error
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('a witness signs below each checkpoint, over its own restart and ours, and never for a log that was cut', async () => {
  const [dir, kept] = [tempDir(), tempDir()]
  const { keys } = await (async () => {
    const first = await anchored(dir, {})
    await first.log.close()
    return first.log
  })()
  const vkeys = [keys.signer.key.vkey]
  const entry = async () => ({ far: { witness: await startWitness(kept, vkeys), key: witnessKey.vkey } })
  const { log, told } = await anchored(dir, await entry())
  await log.record(many(300))
  await log.checkpoint()
  await caughtUp(log, told)
  const newest = async () => (await log.store.checkpoints()).at(-1)!.note
  await until(
    async () => (await newest()).includes('witness.example.com'),
    20_000,
    () => 'not cosigned',
  )
  const note = await newest()
  expect(openNote(note, [parseWitnessKey(witnessKey.vkey)])).toMatchObject({ text: expect.stringContaining('\n300\n') })
  await log.close()

  // Neither knows of the other any more what it did: the witness from its file, we by its answer.
  const again = await anchored(dir, await entry())
  await again.log.record(many(10, 300))
  await again.log.checkpoint()
  await caughtUp(again.log, again.told)
  expect(again.told).toEqual([])
  const setup = { keys: keys.trusted, checkpoints: (await again.log.store.checkpoints()).map((one) => one.note) }
  expect(await verifyLog(again.log.store.read({ fromSeq: 0 }), setup)).toMatchObject({ ok: true, signedSize: 310 })
  await again.log.close()
  expect(verifyInPython([{ keys: vkeys, sources: [join(dir, 'audit.db')] }])).toEqual([[310, null]])

  // Another log of the same name and key, shorter than what was signed.
  const other = tempDir()
  execFileSync('cp', [join(dir, 'audit.key'), join(dir, 'audit.pub'), other])
  const cut = await anchored(other, await entry())
  await until(
    () => cut.told.length > 0,
    20_000,
    () => 'nothing was told',
  )
  expect(cut.told[0]).toContain('it signed 310 rows of this log before')
  expect(cut.log.readings().anchors[0]!.behindSeconds).toBeGreaterThan(0)
})

test('a signature that is not of the key that was named counts as none', async () => {
  const dir = tempDir()
  const { log: first } = await anchored(dir, {})
  const vkey = first.keys.signer.key.vkey
  await first.close()
  const stranger = readWitnessKey('witness.example.com', generateSigningKey(), Date.now).key.vkey
  const { told } = await anchored(dir, { far: { witness: await startWitness(tempDir(), [vkey]), key: stranger } })
  await until(
    () => told.length > 0,
    20_000,
    () => 'nothing was told',
  )
  expect(told[0]).toContain('its signature is not one of the key that was named')
})

test('a git repository gets each checkpoint as a commit, behind what others pushed', async () => {
  const remote = join(tempDir(), 'remote.git')
  const git = (...args: readonly string[]) => execFileSync('git', args, { encoding: 'utf8' })
  git('init', '-q', '--bare', remote)
  const dir = tempDir()
  const entry = { repository: { git: remote, branch: 'audit', everyMs: 1000 } }
  const { log, told } = await anchored(dir, entry)
  await log.record(many(5))
  await log.checkpoint()
  await caughtUp(log, told)
  await log.close()
  const { log: again, told: toldAgain } = await anchored(dir, entry)
  await again.record(many(2, 5))
  await again.close()
  expect([...told, ...toldAgain]).toEqual([])
  const kept = splitNotes(git('-C', remote, 'show', 'audit:audit-checkpoints'))
  const { log: last } = await anchored(dir, {})
  const setup = { keys: last.keys.trusted, checkpoints: kept }
  expect(await verifyLog(last.store.read({ fromSeq: 0 }), setup)).toMatchObject({ ok: true, signedSize: 7 })
  expect(git('-C', remote, 'log', '--format=%an %s', 'audit')).toMatch(/^(mcp-vitals Checkpoint of \d+ rows\n){2,}$/)

  const { told: refused } = await anchored(tempDir(), { none: { git: join(tempDir(), 'none.git') } })
  await until(
    () => refused.length > 0,
    20_000,
    () => 'nothing was told',
  )
  expect(refused[0]).toContain('git failed (128)')
})

const SECRET = 'a-secret-key'

/** A store that takes what is signed as AWS has it, by a computation of its own, and nothing else. */
function bucket() {
  const objects = new Map<string, string>()
  const listener: RequestListener = async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const form =
      /^AWS4-HMAC-SHA256 Credential=(\w+)\/(\d{8})\/([\w-]+)\/s3\/aws4_request,SignedHeaders=([\w;-]+),Signature=(\w+)$/
    const [, id, day = '', region = '', names = '', signature] = form.exec(request.headers.authorization ?? '') ?? []
    const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
    const sha = (data: string | Buffer) => createHash('sha256').update(data).digest('hex')
    const lines = names.split(';').map((name) => `${name}:${request.headers[name]}\n`)
    const canonical = `${request.method}\n${request.url}\n\n${lines.join('')}\n${names}\n${sha(body)}`
    const text = `AWS4-HMAC-SHA256\n${request.headers['x-amz-date']}\n${day}/${region}/s3/aws4_request\n${sha(canonical)}`
    const key = hmac(hmac(hmac(hmac(`AWS4${SECRET}`, day), region), 's3'), 'aws4_request')
    const isGood =
      id === 'AKIDEXAMPLE' &&
      hmac(key, text).toString('hex') === signature &&
      ['host', 'x-amz-date', 'x-amz-content-sha256', 'x-amz-checksum-sha256'].every((name) =>
        names.split(';').includes(name),
      ) &&
      request.headers['x-amz-checksum-sha256'] === createHash('sha256').update(body).digest('base64')
    if (isGood) objects.set(request.url!, body.toString())
    response.writeHead(isGood ? 200 : 403).end(isGood ? '' : '<Error><Code>SignatureDoesNotMatch</Code></Error>')
  }
  return { objects, listener }
}

test('a store that speaks S3 gets each checkpoint as an object, signed', async () => {
  const { objects, listener } = bucket()
  const endpoint = await serve(listener)
  const s3 = { endpoint, bucket: 'evidence', prefix: 'host 1/'.replace(' ', '-'), accessKeyId: 'AKIDEXAMPLE' }
  const { log, told } = await anchored(tempDir(), {
    good: { s3: { ...s3, secretAccessKey: SECRET } },
    bad: { s3: { ...s3, secretAccessKey: 'another' } },
  })
  await log.record(many(4))
  await log.close()
  expect(told).toEqual([expect.stringMatching(/bad .*it answered 403 SignatureDoesNotMatch/)])
  const [name] = [...objects.keys()].filter((key) => key.includes('4-'))
  expect(name).toMatch(/^\/evidence\/host-1\/000000000000004-\d{8}T\d{6}Z\.checkpoint$/)
  expect(openNote(objects.get(name!)!, log.keys.trusted)).toMatchObject({ text: expect.stringContaining('\n4\n') })
})

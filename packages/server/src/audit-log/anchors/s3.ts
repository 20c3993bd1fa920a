import { createHash } from 'node:crypto'
import type { Anchor } from './anchor.js'
import { signV4 } from './sig-v4.js'

const TIMEOUT_MS = 30_000
const SIZE_DIGITS = 15

export interface S3Entry {
  readonly s3: {
    /** Address of the service; the bucket's name follows in the path. */
    readonly endpoint: string
    readonly bucket: string
    readonly region: string
    /** Put before the name of each object. */
    readonly prefix: string
    readonly accessKeyId: string
    readonly secretAccessKey: string
  }
  readonly everyMs: number
}

/**
 * A bucket of an S3-compatible store: each checkpoint is an object of its own, named by its rows and the time. A bucket
 * with object lock keeps them from whoever has the key, too; the checksum that such a bucket asks for is sent.
 */
export function s3Anchor(name: string, { s3, everyMs }: S3Entry, now: () => number): Anchor {
  const { endpoint, bucket, region, prefix, ...credentials } = s3
  return {
    name,
    everyMs,
    async keep({ note, size }) {
      const at = new Date(now())
      const time = at.toISOString().replace(/[-:]|\.\d+/g, '')
      const key = `${prefix}${String(size).padStart(SIZE_DIGITS, '0')}-${time}.checkpoint`
      const url = new URL(
        `${endpoint.replace(/\/+$/, '')}/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`,
      )
      const body = Buffer.from(note)
      const sum = createHash('sha256').update(body).digest()
      const headers = signV4({
        ...{ method: 'PUT', url, at, region, service: 's3', ...credentials },
        headers: { 'content-type': 'text/plain; charset=utf-8', 'x-amz-checksum-sha256': sum.toString('base64') },
        bodyHash: sum.toString('hex'),
      })
      const signal = AbortSignal.timeout(TIMEOUT_MS)
      const answer = await fetch(url, { method: 'PUT', headers, body, signal, redirect: 'error' }).catch(
        (error: Error) => {
          throw new Error(error.name === 'TimeoutError' ? 'it gave no answer in time' : 'it cannot be reached')
        },
      )
      const text = await answer.text()
      if (answer.ok) return undefined
      throw new Error(`it answered ${answer.status} ${/<Code>(\w{1,64})<\/Code>/.exec(text)?.[1] ?? ''}`.trim())
    },
  }
}

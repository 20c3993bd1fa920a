import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { problem } from './answers.js'

/** What is served: the page and the files that it is made of. */
export interface FilesFace {
  page(request: Request): Promise<Response>
  asset(request: Request): Promise<Response>
}

interface File {
  readonly type: string
  readonly etag: string
  readonly bytes: Uint8Array<ArrayBuffer>
  /** The same, where it becomes smaller. */
  readonly zipped: Uint8Array<ArrayBuffer> | undefined
}

const ASSETS = '/admin/dashboard/assets/'
const PAGE = 'index.html'
const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  ico: 'image/x-icon',
  json: 'application/json',
  woff2: 'font/woff2',
}
/** The page asks this daemon alone, and runs what is of its own files alone. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const zip = promisify(gzip)

/**
 * The built page in `folder`. Files are read once, by the names that the folder has; a request's path is looked up among
 * these names and never leads to the disk.
 */
export function createFilesFace(folder: string): FilesFace {
  let loading: Promise<ReadonlyMap<string, File>> | undefined

  function files(): Promise<ReadonlyMap<string, File>> {
    loading ??= load(folder).catch((error) => {
      loading = undefined
      throw error
    })
    return loading
  }

  async function found(name: string): Promise<File | Response> {
    try {
      return (await files()).get(name) ?? problem(404, 'There is no such file.')
    } catch {
      return problem(503, 'The dashboard’s page is not built here: node scripts/web.mjs builds it.')
    }
  }

  async function serve(request: Request, name: string, headers: Record<string, string>): Promise<Response> {
    const file = await found(name)
    if (file instanceof Response) return file
    const { type, etag, bytes, zipped } = file
    const about = { ...headers, etag, vary: 'accept-encoding', 'x-content-type-options': 'nosniff' }
    if (request.headers.get('if-none-match')?.split(/,\s*/).includes(etag))
      return new Response(null, { status: 304, headers: about })
    const isZipped = zipped !== undefined && /\bgzip\b/.test(request.headers.get('accept-encoding') ?? '')
    const body = isZipped ? zipped : bytes
    const encoded = isZipped ? { 'content-encoding': 'gzip' } : {}
    return new Response(body, {
      headers: { ...about, ...encoded, 'content-type': type, 'content-length': String(body.length) },
    })
  }

  return {
    page: (request) => serve(request, PAGE, { 'content-security-policy': PAGE_POLICY, 'cache-control': 'no-cache' }),
    asset(request) {
      const { pathname } = new URL(request.url)
      const name = pathname.startsWith(ASSETS) ? pathname.slice(ASSETS.length) : ''
      return serve(request, `assets/${name}`, { 'cache-control': 'public, max-age=31536000, immutable' })
    },
  }
}

async function load(folder: string): Promise<ReadonlyMap<string, File>> {
  const assets = await readdir(join(folder, 'assets'), { withFileTypes: true })
  const names = [PAGE, ...assets.filter((entry) => entry.isFile()).map(({ name }) => `assets/${name}`)]
  return new Map(await Promise.all(names.map(async (name) => [name, await read(join(folder, name))] as const)))
}

async function read(path: string): Promise<File> {
  const bytes = new Uint8Array(await readFile(path))
  const zipped = new Uint8Array(await zip(bytes, { level: 9 }))
  return {
    type: TYPES[path.slice(path.lastIndexOf('.') + 1)] ?? 'application/octet-stream',
    etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
    bytes,
    zipped: zipped.length < bytes.length * 0.9 ? zipped : undefined,
  }
}

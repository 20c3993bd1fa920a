/**
 * How far estimates of tokens are off, which are made from sizes alone. Answers of real MCP servers are cut by the tokenizer
 * of GPT-4o (`o200k_base`) and, for comparison, of GPT-4 (`cl100k_base`), installed from npm beside the benchmarks. The truth is what a model is
 * shown: the definitions of tools as JSON without output schemas, and the texts of a result. Constants are fitted anew with
 * one server left out, so that a server is never judged by its own answers.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { estimateTokens, TOKEN_KINDS } from '../packages/instrument/dist/metrics/tokens.js'
import { median } from './support/measure.mjs'
import { loadTokenizer } from './support/tokenizer.mjs'

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'mcp-vitals-tokens-'))
const file = (name) => join(folder, name)
const module = (name) => join(root, 'node_modules', name)
writeFileSync(file('prose.md'), PROSE())
writeFileSync(file('data.json'), JSON.stringify(ROWS(), null, 2))
writeFileSync(file('code.mjs'), CODE())

/** Server → how it is started, and calls of its tools as an agent makes them. */
const SERVERS = {
  everything: {
    args: [module('@modelcontextprotocol/server-everything/dist/index.js')],
    calls: [
      ['echo', { message: 'hello' }],
      ['echo', { message: PROSE().slice(0, 900) }],
      ['get-sum', { a: 17, b: 25 }],
      ['get-structured-content', { location: 'Chicago' }],
      ['get-resource-links', { count: 5 }],
      ['get-resource-reference', { resourceType: 'Text', resourceId: 1 }],
      ['get-annotated-message', { messageType: 'success' }],
    ],
  },
  filesystem: {
    args: [module('@modelcontextprotocol/server-filesystem/dist/index.js'), folder],
    calls: [
      ['list_directory', { path: folder }],
      ['directory_tree', { path: folder }],
      ['list_allowed_directories', {}],
      ['get_file_info', { path: file('prose.md') }],
      ['read_text_file', { path: file('prose.md') }],
      ['read_text_file', { path: file('data.json') }],
      ['read_text_file', { path: file('code.mjs') }],
      ['read_text_file', { path: file('code.mjs'), head: 5 }],
      ['read_text_file', { path: file('missing.md') }],
    ],
  },
  memory: {
    args: [module('@modelcontextprotocol/server-memory/dist/index.js')],
    env: { MEMORY_FILE_PATH: file('memory.jsonl') },
    calls: [
      ['create_entities', { entities: PEOPLE() }],
      ['create_relations', { relations: [{ from: 'Ada', to: 'Charles', relationType: 'works with' }] }],
      ['search_nodes', { query: 'Ada' }],
      ['open_nodes', { names: ['Grace'] }],
      ['read_graph', {}],
      ['add_observations', { observations: [{ entityName: 'Nobody', contents: ['is not there'] }] }],
    ],
  },
  'sequential-thinking': {
    args: [module('@modelcontextprotocol/server-sequential-thinking/dist/index.js')],
    calls: [1, 2, 3].map((thoughtNumber) => [
      'sequentialthinking',
      { thought: 'Divide the problem.', nextThoughtNeeded: true, thoughtNumber, totalThoughts: 3 },
    ]),
  },
  'calc-mcp': {
    args: [module('@coo-quack/calc-mcp/dist/index.js')],
    calls: [
      ['math', { expression: '2 * (3 + 4)' }],
      ['base64', { action: 'encode', input: 'a short text' }],
      ['hash', { input: 'a short text', algorithm: 'sha256' }],
      ['random', { type: 'uuid' }],
      ['count', { text: 'How many words are these?' }],
      ['datetime', { action: 'now' }],
    ],
  },
}

function PROSE() {
  return Array.from(
    { length: 12 },
    (_, i) =>
      `## Section ${i + 1}\n\nThe service keeps its state in one file, which a worker writes after each change. When the disk is full it waits, tells its operator, and tries again after ${i + 2} seconds; nothing that was accepted is lost.\n`,
  ).join('\n')
}

function ROWS() {
  return Array.from({ length: 40 }, (_, id) => ({
    id,
    title: `Order ${1000 + id}`,
    price: id * 3.5,
    shipped: id % 2 === 0,
    created: new Date(1.7e12 + id * 86_400_000).toISOString(),
  }))
}

function CODE() {
  return `export function median(values) {\n  const sorted = values.toSorted((a, b) => a - b)\n  const middle = Math.floor(sorted.length / 2)\n  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2\n}\n\n`.repeat(
    10,
  )
}

function PEOPLE() {
  return ['Ada', 'Charles', 'Grace', 'Alan'].map((name) => ({
    name,
    entityType: 'person',
    observations: [`${name} writes programs`, `${name} likes tea in the afternoon`],
  }))
}

/** The size of an answer as it passes, and what of it a model is shown. */
const sample = (server, kind, result, shown) => ({
  server,
  kind,
  sizeBytes: Buffer.byteLength(JSON.stringify({ result, jsonrpc: '2.0', id: 1 })),
  shown,
})

async function samplesOf(server, { args, calls, env }) {
  const client = new Client({ name: 'tokens', version: '1.0.0' })
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args, stderr: 'ignore', env: { ...process.env, ...env } }),
  )
  const listed = await client.listTools()
  const definitions = listed.tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }))
  const samples = [sample(server, 'tools', listed, JSON.stringify(definitions))]
  for (const [name, given] of calls) {
    const result = await client.callTool({ name, arguments: given })
    const texts = result.content.map((part) => part.text ?? part.resource?.text ?? JSON.stringify(part))
    samples.push(sample(server, 'result', result, texts.join('\n')))
  }
  await client.close()
  return samples
}

/** Bytes in a token that put as many answers too high as too low. */
const fitted = (samples, { frameBytes }) =>
  median(samples.map(({ sizeBytes, tokens }) => (sizeBytes - frameBytes) / tokens))

const percent = (value) => `${(100 * value).toFixed(0)} %`

function report(kind, all) {
  console.log(
    `\n${kind}: (size - ${TOKEN_KINDS[kind].frameBytes}) / ${TOKEN_KINDS[kind].bytesPerToken}; the median of these answers is ${fitted(all, TOKEN_KINDS[kind]).toFixed(2)} bytes a token`,
  )
  console.log('  server               answers   tokens  estimate     sum off  median off  worst  left out')
  const errors = []
  for (const server of [...new Set(all.map((each) => each.server)), 'all']) {
    const own = server === 'all' ? all : all.filter((each) => each.server === server)
    const tokens = own.reduce((sum, each) => sum + each.tokens, 0)
    const estimate = own.reduce((sum, each) => sum + estimateTokens(kind, each.sizeBytes), 0)
    const off = own.map((each) => Math.abs(estimateTokens(kind, each.sizeBytes) / each.tokens - 1))
    const others = all.filter((each) => each.server !== server)
    const refit = others.length > 0 && server !== 'all' ? fitted(others, TOKEN_KINDS[kind]) : undefined
    const leftOut =
      refit &&
      median(own.map((each) => Math.abs((each.sizeBytes - TOKEN_KINDS[kind].frameBytes) / refit / each.tokens - 1)))
    if (leftOut !== undefined) errors.push(leftOut)
    console.log(
      `  ${server.padEnd(20)} ${String(own.length).padStart(7)} ${String(tokens).padStart(8)}  ${String(estimate).padStart(8)}  ${percent(estimate / tokens - 1).padStart(10)}  ${percent(median(off)).padStart(10)}  ${percent(Math.max(...off)).padStart(5)}  ${percent(leftOut ?? median(errors)).padStart(8)}`,
    )
  }
}

try {
  const samples = []
  for (const [name, server] of Object.entries(SERVERS)) samples.push(...(await samplesOf(name, server)))
  for (const encoding of ['o200k_base', 'cl100k_base']) {
    const { countTokens } = await loadTokenizer(encoding)
    console.log(`\n${encoding}`)
    for (const kind of Object.keys(TOKEN_KINDS))
      report(
        kind,
        samples.filter((each) => each.kind === kind).map((each) => ({ ...each, tokens: countTokens(each.shown) })),
      )
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

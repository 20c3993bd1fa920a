#!/usr/bin/env node
/** The small MCP server that `mcp-vitals up --demo` watches where no other is installed: quick, slow and failing tools. */
import { setTimeout as sleep } from 'node:timers/promises'
import { McpServer } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { z } from 'zod'

function createDemoServer(): McpServer {
  const server = new McpServer({ name: 'mcp-vitals-demo', version: '1.0.0' })
  const text = (value: string) => ({ content: [{ type: 'text' as const, text: value }] })

  server.registerTool(
    'add',
    { description: 'Adds two numbers.', inputSchema: z.object({ a: z.number(), b: z.number() }) },
    ({ a, b }) => text(String(a + b)),
  )
  server.registerTool(
    'count_words',
    { description: 'Counts the words of a text.', inputSchema: z.object({ text: z.string() }) },
    ({ text: given }) => text(String(given.split(/\s+/).filter(Boolean).length)),
  )
  server.registerTool(
    'write_report',
    { description: 'Takes its time, as a call to a slow upstream would.', inputSchema: z.object({}) },
    async () => {
      await sleep(400 + Math.random() * 600)
      return text('The report is ready.')
    },
  )
  server.registerTool(
    'book_room',
    { description: 'Fails: no room is ever free.', inputSchema: z.object({ people: z.number() }) },
    () => ({ ...text('No room is free.'), isError: true }),
  )
  return server
}

serveStdio(createDemoServer)

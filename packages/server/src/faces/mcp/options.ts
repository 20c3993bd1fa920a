import { z } from 'zod'

/** Tools that change something: offered to an agent where they are allowed by name. */
export const CHANGING_TOOLS = ['ack_alert'] as const

/** What agents may ask of the daemon itself, at `/admin/mcp`, at `/mcp` and by `mcp-vitals mcp`. */
export const agentOptions = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .meta({
        description: 'Whether the daemon answers agents at `/admin/mcp` and, without `gateway.front`, at `/mcp`.',
        examples: [false],
      }),
    allow: z
      .array(z.enum(CHANGING_TOOLS))
      .default([])
      .meta({
        description: 'Tools that change something and are offered all the same. Without a name here agents only read.',
        examples: [['ack_alert']],
      }),
  })
  .prefault({})
  .meta({ description: 'What agents may ask of the daemon itself over MCP.' })

export type AgentOptions = z.infer<typeof agentOptions>
export type ChangingTool = (typeof CHANGING_TOOLS)[number]

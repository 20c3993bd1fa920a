import { z } from 'zod'
import { address, shared } from '../shared/options.js'

export const lokiOptions = z
  .strictObject({
    url: address(
      'Loki’s address for pushes. Whatever speaks its protocol will do. Absent: the log is not pushed there.',
      'http://loki.example.com:3100/loki/api/v1/push',
      'MCP_VITALS_PUSH_LOKI_URL',
    ),
    ...shared,
  })
  .prefault({})
  .meta({ description: 'Pushes the lines of the log to Loki.' })

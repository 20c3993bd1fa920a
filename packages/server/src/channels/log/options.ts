import { z } from 'zod'
import { shared, type } from '../shared/options.js'

export const logChannelOptions = z.strictObject({
  type: type('log', 'Lines in the log of this program. The channel `log` is there by itself.'),
  ...shared,
})

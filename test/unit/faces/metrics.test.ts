import { describe, expect, it } from 'vitest'
import { formatFor } from '../../../packages/instrument/src/metrics/index.js'

describe('the format of /metrics', () => {
  it.each([
    [null, 'prometheus'],
    ['', 'prometheus'],
    ['*/*', 'prometheus'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'prometheus'],
    ['text/plain;version=0.0.4', 'prometheus'],
    ['application/openmetrics-text', 'openmetrics'],
    ['application/openmetrics-text; version="1.0.0"; charset=utf-8', 'openmetrics'],
    ['application/openmetrics-text;version=0.0.1', 'prometheus'],
    [
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      'openmetrics',
    ],
    ['application/openmetrics-text;q=0.3,text/plain;q=0.5', 'prometheus'],
    ['application/openmetrics-text;q=0', 'prometheus'],
    ['application/openmetrics-text;q=nonsense', 'prometheus'],
    ['APPLICATION/OpenMetrics-Text;Version=1.0.0;Q=0.9,text/plain;q=0.2', 'openmetrics'],
  ])('for Accept %j is %s', (accept, format) => {
    expect(formatFor(accept)).toBe(format)
  })
})

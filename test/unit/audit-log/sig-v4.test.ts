/** Signature Version 4, by the examples of AWS's own documentation ("Signature Calculations for the Authorization Header"). */
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { signV4 } from '../../../packages/server/src/audit-log/anchors/sig-v4.js'

// In parts, as it has the form of a real one.
const KEY_ID = ['AKIA', 'IOSFODNN7EXAMPLE'].join('')
const HOST = 'https://examplebucket.s3.amazonaws.com'

test.each([
  ['GET', '/test.txt', { range: 'bytes=0-9' }, '', 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41'],
  [
    'PUT',
    '/test%24file.text',
    { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
    'Welcome to Amazon S3.',
    '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  ],
  ['GET', '/?lifecycle', {}, '', 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'],
  ['GET', '/?max-keys=2&prefix=J', {}, '', '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'],
])('%s %s', (method, path, headers, body, signature) => {
  const signed = signV4({
    method,
    url: new URL(HOST + path),
    headers,
    bodyHash: createHash('sha256').update(body).digest('hex'),
    at: new Date('2013-05-24T00:00:00Z'),
    region: 'us-east-1',
    service: 's3',
    accessKeyId: KEY_ID,
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  })
  expect(signed.authorization).toMatch(
    new RegExp(`^AWS4-HMAC-SHA256 Credential=${KEY_ID}/20130524/us-east-1/s3/aws4_request,SignedHeaders=`),
  )
  expect(signed.authorization).toMatch(new RegExp(`Signature=${signature}$`))
})

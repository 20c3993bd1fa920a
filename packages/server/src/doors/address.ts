import { BlockList, isIP } from 'node:net'
import { networkOf } from './options.js'

/** Reads who asks off a connection and, where its other end is a trusted proxy, off its `X-Forwarded-For`. */
export type AddressReader = (remote: string | undefined, forwardedFor: string | undefined) => string

/**
 * Builds the reader. The list is read from its right end, where each proxy appends: the first address that is no trusted
 * proxy is the client's. What is no address ends the reading at the last one that is.
 */
export function createAddressReader(trustedProxies: readonly string[]): AddressReader {
  const trusted = new BlockList()
  for (const text of trustedProxies) {
    const { address, bits, family } = networkOf(text)!
    trusted.addSubnet(address, bits, family)
  }
  const isTrusted = (address: string) => trusted.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6')
  return (remote, forwardedFor = '') => {
    let client = plain(remote ?? '')
    if (isIP(client) === 0) return 'unknown'
    if (trustedProxies.length === 0) return client
    const hops = forwardedFor.split(',')
    while (isTrusted(client)) {
      const hop = plain((hops.pop() ?? '').trim())
      if (isIP(hop) === 0) break
      client = hop
    }
    return client
  }
}

/** What stands for an address in a limit: the address; of IPv6 its /64, which one household or machine has to itself. */
export function placeOf(address: string): string {
  if (isIP(address) !== 6) return address
  const [left = '', right] = address.split('%', 1)[0]!.split('::')
  const head = left === '' ? [] : left.split(':')
  const tail = right === undefined || right === '' ? [] : right.split(':')
  const filled =
    right === undefined ? head : [...head, ...Array(Math.max(0, 8 - head.length - tail.length)).fill('0'), ...tail]
  return `${filled
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}

/** The address alone: without a port or brackets, as some proxies write it. One of IPv4 that came through an IPv6 socket is one of IPv4. */
function plain(written: string): string {
  const address = /^\[(.+)\](?::\d+)?$/.exec(written)?.[1] ?? /^([\d.]+):\d+$/.exec(written)?.[1] ?? written
  return address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
}

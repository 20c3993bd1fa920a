import { findListeners } from '../../listen/index.js'
import type { Finding } from '../contract.js'
import { type Answered, jsonIn } from '../shared/web.js'
import { shown, shownUrl } from '../shared/words.js'
import type { WebServer } from './first-questions.js'

/** Most ports that are listed. */
const SHOWN_PORTS = 12
const WHY = 'No session comes about, so a client shows no tool of it.'

type Told = Pick<Finding, 'problem' | 'next' | 'fix'> & { readonly evidence?: readonly string[] }
const error = ({ evidence = [], ...told }: Told, seen: string): Finding => ({
  severity: 'error',
  why: WHY,
  ...told,
  evidence: [seen, ...evidence],
})

const NOT_TRUSTED =
  /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(?:_LOCALLY)?|CERT_UNTRUSTED)$/

/** No answer at all: what the system or TLS says. */
export function judgeSilence({ url }: WebServer, code: string): Finding {
  const { hostname, port, protocol, host } = new URL(url)
  const number = Number(port || (protocol === 'https:' ? 443 : 80))
  const seen = `asking ${shownUrl(url)} failed: ${code}`
  if (code === 'ECONNREFUSED')
    return error(
      {
        problem: `Nothing listens on port ${number} of ${hostname}.`,
        evidence: othersThat(hostname),
        next: 'Start the server, or write the port that it listens on into `url`.',
        fix: [
          `ss -ltn 'sport = :${number}'`,
          `{ "url": "${protocol}//${hostname}:<its port>${new URL(url).pathname}" }`,
        ],
      },
      seen,
    )
  if (/^(?:ENOTFOUND|EAI_AGAIN|ENODATA|ESERVFAIL)$/.test(code))
    return error(
      {
        problem: `The name ${hostname} is not known.`,
        next: 'See whether it is written as it is, and whether this machine reaches its name server.',
        fix: [`getent hosts ${hostname}`],
      },
      seen,
    )
  if (/^(?:TIMEOUT|ETIMEDOUT|UND_ERR_\w*TIMEOUT|EHOSTUNREACH|ENETUNREACH)$/.test(code))
    return error(
      {
        problem: `${host} gave no answer in time.`,
        next: 'The machine is not reached, a firewall drops what is sent, or the server hangs: the first line below tells which.',
        fix: [`curl -sv -o /dev/null --max-time 5 '${shownUrl(url)}'`, `sudo nft list ruleset | grep ${number}`],
      },
      seen,
    )
  if (code === 'BAD_PORT')
    return error(
      {
        problem: `Port ${number} is one that fetch never asks, and so no browser and no client written in JavaScript.`,
        next: 'Have the server listen on another port than those of https://fetch.spec.whatwg.org/#port-blocking.',
        fix: [`{ "url": "${protocol}//${hostname}:3001${new URL(url).pathname}" }`],
      },
      seen,
    )
  if (NOT_TRUSTED.test(code))
    return error(
      {
        problem: `The certificate of ${host} is not trusted.`,
        next: 'Name the authority that signed it to mcp-vitals and to each client, or have the server show a certificate with its whole chain.',
        fix: ['NODE_EXTRA_CA_CERTS=/etc/ssl/our-authority.pem mcp-vitals up', certificateOf(hostname, number)],
      },
      seen,
    )
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return error(
      {
        problem: `The certificate of ${host} ${code === 'CERT_HAS_EXPIRED' ? 'has ended' : 'is not valid yet'}.`,
        next: 'Renew it; or see whether the clock of this machine is right.',
        fix: [certificateOf(hostname, number), 'date -u'],
      },
      seen,
    )
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return error(
      {
        problem: `The certificate of ${host} is for another name.`,
        next: 'Use a name that stands in it, or have the server show one for this name.',
        fix: [certificateOf(hostname, number)],
      },
      seen,
    )
  if (/^(?:EPROTO|ERR_SSL_\w+)$/.test(code) && protocol === 'https:')
    return error(
      {
        problem: `${host} does not speak TLS as it should.`,
        next: 'Where it speaks plain HTTP, write http:// into `url`.',
        fix: [`{ "url": "${shownUrl(url).replace(/^https:/, 'http:')}" }`, certificateOf(hostname, number)],
      },
      seen,
    )
  return error(
    {
      problem: `${host} closed the connection without an answer.`,
      next:
        protocol === 'http:'
          ? 'Where it speaks TLS, write https:// into `url`; else look into the server’s own log.'
          : 'Look into the server’s own log.',
      fix: [`curl -sv -o /dev/null '${shownUrl(url)}'`],
    },
    seen,
  )
}

const certificateOf = (hostname: string, port: number): string =>
  `openssl s_client -connect ${hostname}:${port} -servername ${hostname} </dev/null 2>/dev/null | openssl x509 -noout -subject -issuer -dates -ext subjectAltName`

/** On this machine: the ports that are listened on, since the wanted one may be among them. */
function othersThat(hostname: string): readonly string[] {
  if (!/^(?:localhost|127\.|\[::1\])/.test(hostname)) return []
  const found = findListeners().map(({ port, holder }) =>
    holder === undefined ? String(port) : `${port} (${shown(holder.program)}, process ${holder.pid})`,
  )
  const more = found.length > SHOWN_PORTS ? ` and ${found.length - SHOWN_PORTS} more` : ''
  return found.length === 0 ? [] : [`on this machine are listened on: ${found.slice(0, SHOWN_PORTS).join(', ')}${more}`]
}

/** A status that is no success; undefined for one that is. */
export function judgeStatus(server: WebServer, { status, headers, text }: Answered): Finding | undefined {
  if (status >= 200 && status < 300) return undefined
  const url = shownUrl(server.url)
  const verb = server.transport === 'sse' ? 'GET' : 'POST'
  const seen = `${verb} ${url} was answered with HTTP ${status}${serverOf(headers)}`
  const curl = server.transport === 'sse' ? `curl -N -H 'Accept: text/event-stream' '${url}'` : curlPost(url)
  const told = statusWords(server, status, headers, text)
  return error({ ...told, evidence: saidIn(text), fix: [...told.fix, curl] }, seen)
}

/** The message of an error, where the answer has one. */
function saidIn(text: string): readonly string[] {
  const answer = jsonIn<{ error?: { message?: unknown } | string; message?: unknown } | null>(text)
  const said = typeof answer?.error === 'object' ? answer.error?.message : (answer?.error ?? answer?.message)
  return typeof said === 'string' ? [`it says: ${shown(said)}`] : []
}

function statusWords({ url, headers: sent }: WebServer, status: number, headers: Headers, text: string): Told {
  const entry = (more: object) => JSON.stringify({ url: shownUrl(url), ...more })
  if (status >= 300 && status < 400) {
    const location = headers.get('location') ?? ''
    const target = URL.canParse(location, url) ? shownUrl(new URL(location, url).href) : ''
    return {
      problem: `It sends to another address${target === '' ? '' : `: ${target}`}.`,
      next: 'Write that address into `url`: not every client follows, and a POST may arrive there as a GET.',
      fix: [JSON.stringify({ url: target || '<the other address>' })],
    }
  }
  if (status === 401) {
    const hasToken = Object.keys(sent).some((name) => name.toLowerCase() === 'authorization')
    const asks = headers.get('www-authenticate')
    return {
      problem: hasToken
        ? 'It does not take the credentials of its entry.'
        : 'It wants credentials, and its entry has none.',
      next: `${hasToken ? 'Write a token that is valid into its `headers`.' : 'Name a token in its `headers`.'}${asks === null ? '' : ` It asks for ${shown(asks.split(/[ ,]/, 1)[0] ?? '')}.`}`,
      fix: [entry({ headers: { authorization: `Bearer \${MCP_TOKEN}` } }), 'export MCP_TOKEN=<the token>'],
    }
  }
  switch (status) {
    case 403:
      return {
        problem: 'It refuses this caller.',
        next: 'Its credentials lack a right, or it does not take this Host or Origin: servers refuse names that they do not know.',
        fix: [entry({ headers: { authorization: `Bearer \${MCP_TOKEN}` } })],
      }
    case 404:
      return {
        problem: 'There is nothing at this path.',
        next: 'Write the path of its MCP endpoint; neither /mcp nor /sse of this server is one.',
        fix: [JSON.stringify({ url: `${new URL(url).origin}/<its path>` })],
      }
    case 405:
      return {
        problem: 'The path is there, and does not take what MCP sends.',
        next: 'Write the path of its MCP endpoint, and the transport that it speaks.',
        fix: [entry({ transport: 'sse' })],
      }
    case 406:
      return {
        problem: 'It does not take the Accept header of the request.',
        next: 'A client must send "application/json, text/event-stream" with a POST, and "text/event-stream" with a GET. It was sent: what stands between takes it away or changes it.',
        fix: ['proxy_set_header Accept $http_accept;   # nginx'],
      }
    case 415:
      return {
        problem: 'It does not take JSON.',
        next: 'It was sent with Content-Type: application/json. See whether this is an MCP endpoint.',
        fix: [],
      }
    case 429:
      return {
        problem: 'It has had too many requests.',
        next: 'Wait, and ask less often.',
        fix: [`sleep ${shown(headers.get('retry-after') ?? '60')}`],
      }
    case 502:
    case 503:
    case 504:
      return {
        problem: 'What stands in front of it does not reach it.',
        next: 'Start the server behind the proxy, and see whether the proxy has its right port.',
        fix: ['sudo tail -n 20 /var/log/nginx/error.log'],
      }
    default:
      if (/plain HTTP request was sent to HTTPS/i.test(text))
        return {
          problem: 'It speaks TLS, and its address begins with http://.',
          next: 'Write https:// into `url`.',
          fix: [JSON.stringify({ url: shownUrl(url).replace(/^http:/, 'https:') })],
        }
      return {
        problem: status < 500 ? 'It does not take the request.' : 'It failed at the first question.',
        next: status < 500 ? 'See whether `url` is its MCP endpoint.' : 'Look into the server’s own log.',
        fix: [],
      }
  }
}

/** A success whose words are none of MCP; undefined where they are. */
export function judgeWords(server: WebServer, { headers, text, readTo }: Answered): Finding | undefined {
  const url = shownUrl(server.url)
  const type = (headers.get('content-type') ?? '').split(';', 1)[0]!.trim().toLowerCase()
  const wanted = server.transport === 'sse' ? ['text/event-stream'] : ['text/event-stream', 'application/json']
  if (!wanted.includes(type)) {
    const kind = type === 'text/html' ? 'a web page' : type === '' ? 'something without a type' : shown(type)
    return error(
      {
        problem: `It answers with ${kind} and not with ${server.transport === 'sse' ? 'an event stream' : 'JSON or an event stream'}.`,
        next: 'What answers there is no MCP endpoint: a login page, a web server or another program. Write the address of the endpoint.',
        fix: [server.transport === 'sse' ? `curl -iN -H 'Accept: text/event-stream' '${url}'` : curlPost(url)],
      },
      `Content-Type: ${shown(headers.get('content-type') ?? '(none)')}${serverOf(headers)}`,
    )
  }
  if (type !== 'application/json' || readTo === 'timeout') return undefined
  const value = jsonIn<{ jsonrpc?: unknown; error?: { code?: unknown; message?: unknown } } | null>(text)
  if (value?.jsonrpc !== '2.0')
    return error(
      {
        problem: 'It answers with JSON that is no JSON-RPC.',
        next: 'An answer has "jsonrpc": "2.0", the id of its request, and "result" or "error". See whether this is its MCP endpoint.',
        fix: [curlPost(url)],
      },
      value === undefined ? 'the answer could not be read as JSON' : '"jsonrpc": "2.0" is missing',
    )
  if (value.error === undefined) return undefined
  return error(
    {
      problem: 'It refuses to open a session.',
      next: 'It may speak a revision of the protocol that is not spoken here, or want something that its guide tells.',
      fix: [curlPost(url)],
    },
    `JSON-RPC error ${shown(String(value.error.code))}: ${shown(String(value.error.message))}`,
  )
}

function serverOf(headers: Headers): string {
  const found = headers.get('server')
  return found === null ? '' : ` by ${shown(found)}`
}

const curlPost = (url: string): string =>
  `curl -i '${url}' -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' -d '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"hand","version":"1"}}}'`

/**
 * What an operator puts an exported folder into: Debian's Prometheus and Alertmanager, and, in the places that receivers
 * name, stand-ins for Slack, PagerDuty and a mail server that keep what they are told.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { SMTPServer } from 'smtp-server'
import { onTestFinished } from 'vitest'
import { parse } from 'yaml'
import { alertmanagerOfTest } from '../fixtures/alertmanager.js'
import { startPrometheus } from '../fixtures/prometheus.js'

/** How often Prometheus looks and judges here, in the place of every 15 s. */
const LOOK = '250ms'
/** What a day is made. Milliseconds. */
export const DAY_MS = 750

export interface Stack {
  readonly api: string
  /** The names of the alerts that a receiver was told of so far. */
  told(receiver: 'slack' | 'pagerduty' | 'email'): ReadonlySet<string>
  /** All that came, for a failure's message. */
  said(): string
}

/**
 * Starts both on what `export all` wrote to `deploy`. The files are as they are, but for addresses, places of secrets, and
 * times: a test has seconds where rules wait for minutes. `metricsPort`: where the daemon's metrics are.
 */
export async function stackOf(deploy: string, metricsPort: number): Promise<Stack> {
  const read = (path: string) => parse(readFileSync(join(deploy, path), 'utf8'))
  const posts: { readonly slack: string[]; readonly pagerduty: string[]; readonly email: string[] } = {
    slack: [],
    pagerduty: [],
    email: [],
  }
  const web = await webOf(posts)
  const mail = await mailOf(posts.email)

  const alertmanager = read('alertmanager/alertmanager.yml')
  Object.assign(alertmanager.route, { group_wait: '100ms', group_interval: '1s' })
  for (const { slack_configs, pagerduty_configs, email_configs } of alertmanager.receivers) {
    for (const one of slack_configs ?? []) one.api_url_file = secret(one.api_url_file, `${web}/slack`)
    for (const one of pagerduty_configs ?? []) {
      // By a key of Events v1 Alertmanager asks an address that no configuration changes, so it has one of v2 here.
      one.routing_key_file = secret(one.service_key_file, 'k'.repeat(32))
      one.url = `${web}/pagerduty`
      delete one.service_key_file
    }
    for (const one of email_configs ?? []) {
      one.auth_password_file = secret(one.auth_password_file, 'hunter2')
      Object.assign(one, { smarthost: mail, require_tls: false })
    }
  }
  const { url } = await alertmanagerOfTest({ config: JSON.stringify(alertmanager) })

  const config = read('prometheus/prometheus.yml')
  config.global = { scrape_interval: LOOK, scrape_timeout: LOOK, evaluation_interval: LOOK }
  config.alerting.alertmanagers = [{ static_configs: [{ targets: [new URL(url).host] }] }]
  const { scrape_interval: _, scrape_timeout: __, ...job } = config.scrape_configs[1]
  job.static_configs[0].targets = [`127.0.0.1:${metricsPort}`]
  config.scrape_configs = [job]
  config.rule_files = config.rule_files.map((name: string) => {
    const file = join(deploy, 'prometheus', `quick-${name}`)
    writeFileSync(file, JSON.stringify(quick(read(`prometheus/${name}`))))
    return file
  })
  const prometheus = await startPrometheus({ config, args: ['--rules.alert.resend-delay=1s'] })
  onTestFinished(() => prometheus.stop())

  return {
    api: prometheus.api,
    told: (receiver) => new Set(posts[receiver].flatMap((post) => namesIn(post))),
    said: () => JSON.stringify(posts).slice(0, 20_000),
  }

  function secret(path: string, text: string): string {
    const file = join(deploy, path.replace(/^\/etc/, 'etc'))
    mkdirSync(join(file, '..'), { recursive: true })
    writeFileSync(file, text)
    return file
  }
}

/** What is looked at of a file of rules, as Prometheus reads it. */
interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly { expr: string; for?: string }[] }[]
}

/**
 * Rules with their times made short, and nothing else of them: what they wait for is a quarter of a second, ranges and
 * offsets of minutes are three seconds, those of hours four, and a day is three quarters of a second. Which comes before
 * which stays so among minutes and hours, and among days. For how long a thing has been behind is a time as well, though its
 * bound is written as a plain number: its minutes are three seconds too. As they are, rules are tried over simulated time
 * (test/data/rules).
 */
function quick(file: RuleFile): object {
  const shorter = (expr: string) =>
    expr
      .replace(/\b(\d+)([smhd])\b/g, (_, count, unit) =>
        unit === 'd' ? `${Number(count) * DAY_MS}ms` : unit === 'h' ? '4s' : '3s',
      )
      .replace(/(?<=_behind_seconds > )\d+/, '3')
  return {
    groups: file.groups.map(({ name, rules }) => ({
      name,
      rules: rules.map((rule) => ({
        ...rule,
        expr: shorter(rule.expr),
        ...(rule.for !== undefined && { for: LOOK }),
      })),
    })),
  }
}

/** The names of alerts that a message tells of as firing: Slack's title, PagerDuty's labels, a mail's subject. */
const namesIn = (post: string): readonly string[] =>
  [/"title":"(\w+) \(firing\)/g, /alertname = (\w+)/g, /^Subject: \[FIRING:\d+\] (\w+)/gm].flatMap((form) =>
    [...post.matchAll(form)].map(([, name = '']) => name),
  )

/** Slack and PagerDuty: the base of their addresses. */
async function webOf(posts: { readonly slack: string[]; readonly pagerduty: string[] }): Promise<string> {
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text
    })
    request.on('end', () => {
      const who = request.url === '/slack' ? 'slack' : 'pagerduty'
      posts[who].push(body)
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(who === 'slack' ? 'ok' : '{"status":"success","incident_key":"k"}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A mail server that lets in who has the password: its address. */
async function mailOf(mails: string[]): Promise<string> {
  const server = new SMTPServer({
    allowInsecureAuth: true,
    hideSTARTTLS: true,
    onAuth: ({ username, password }, _session, callback) =>
      callback(password === 'hunter2' ? null : new Error('no'), { user: username }),
    onData(stream, _session, callback) {
      let text = ''
      stream.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      stream.on('end', () => {
        mails.push(text)
        callback()
      })
    },
  })
  // Alertmanager cuts its connections when it ends.
  server.on('error', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  onTestFinished(() => new Promise((resolve) => server.close(() => resolve())))
  return `127.0.0.1:${(server.server.address() as AddressInfo).port}`
}

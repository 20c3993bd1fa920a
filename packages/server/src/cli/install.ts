import { spawn } from 'node:child_process'
import { vitalsError } from '../errors/index.js'
import {
  applyInstall,
  applyUninstall,
  CLIENTS,
  type FilePlan,
  isChange,
  type Outcome,
  type Plan,
  planInstall,
  planService,
  planUninstall,
  type Service,
} from '../install/index.js'
import { confirm } from './consent.js'
import { showOutcomes, showPlan } from './install-show.js'
import { type Installation, openInstallation, transience } from './installation.js'
import { STATUS } from './report.js'
import { hasPerson, type Terminal } from './terminal.js'

/** What the command line gave to `install` and `uninstall`. */
export interface InstallFlags {
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly project?: boolean
  readonly http?: boolean
  readonly service?: boolean
}

/** Shows what would change, asks, and changes it. Resolves to the exit status; rejects with what was refused or failed. */
export async function install(clients: readonly string[], flags: InstallFlags, terminal: Terminal): Promise<number> {
  refuseUnknown(clients)
  const installation = await openInstallation(terminal)
  const warning = transience(installation.wrapper)
  if (warning) terminal.err.write(`note: ${warning}\n`)
  const plan = await planned(clients, flags, installation)
  showPlan(plan, terminal)
  if (plan.passedOver.length > 0) {
    const files = plan.passedOver.map((path) => `  ${path}\n`).join('')
    terminal.out.write(`Passed over, for others may share them (--project takes them too):\n${files}`)
  }
  const isChanged = await mayChange(plan, 'install', clients, flags, terminal)
  // What there already is, may still have to be started.
  if (!isChanged && !(flags.service && !flags.dryRun && !plan.files.some(isChange)))
    return finished(plan.problems.length)
  let failed = plan.problems.length + (await applied(plan.files, 'install', installation, terminal))
  if (failed > 0) return finished(failed)
  if (isChanged) terminal.out.write(RESTART)
  if (!flags.service) {
    if (!(await offered(installation, terminal, flags))) return STATUS.ok
    failed = await applied(await servicePlans(clients, flags, installation), 'install', installation, terminal)
  }
  if (failed === 0) await runAll(installation.service.start, `The ${installation.service.title} runs.`, terminal)
  return finished(failed)
}

const RESTART = `Restart these clients: they read their configuration when they start.
"mcp-vitals up" shows the calls, also those that were made while no daemon ran.
`

/** The way back: the exact bytes where nobody wrote since, else our entries alone are undone. */
export async function uninstall(clients: readonly string[], flags: InstallFlags, terminal: Terminal): Promise<number> {
  refuseUnknown(clients)
  const installation = await openInstallation(terminal, { isForgiving: true })
  const { places, ledger, gatewayUrl, service } = installation
  const plan = await planUninstall({ places, ledger, gatewayUrl, clients: chosen(clients) })
  showPlan(plan, terminal)
  if (!(await mayChange(plan, 'uninstall', clients, flags, terminal))) return finished(plan.problems.length)
  const [theirs, ours] = [true, false].map((isTheirs) =>
    plan.files.filter(({ kind }) => (kind === 'client') === isTheirs),
  )
  const failed = await applied(theirs!, 'uninstall', installation, terminal)
  // A file that may still have addresses of the gateway needs it.
  if (failed > 0 || plan.problems.some(({ path }) => ledger.of(path))) return finished(failed + plan.problems.length)
  if (ours!.some(({ kind }) => kind === 'service'))
    await runAll(service.stop, `The ${service.title} is stopped.`, terminal)
  return finished(plan.problems.length + (await applied(ours!, 'uninstall', installation, terminal)))
}

async function planned(clients: readonly string[], flags: InstallFlags, installation: Installation) {
  const { places, ledger, wrapper, gatewayUrl, service } = installation
  const plan = await planInstall({
    places,
    ledger,
    wrapper,
    gatewayUrl,
    clients: chosen(clients),
    withProject: flags.project ?? false,
    withHttp: flags.http ?? false,
    withConfig: flags.service ?? false,
  })
  return flags.service ? { ...plan, files: [...plan.files, ...(await planService(service, ledger))] } : plan
}

/** What the service alone needs. */
async function servicePlans(
  clients: readonly string[],
  flags: InstallFlags,
  installation: Installation,
): Promise<readonly FilePlan[]> {
  const { files } = await planned(clients, { ...flags, service: true }, installation)
  return files.filter(({ kind }) => kind !== 'client')
}

function refuseUnknown(clients: readonly string[]): void {
  const unknown = clients.find((name) => !CLIENTS.some(({ id }) => id === name))
  if (unknown !== undefined) throw vitalsError('INSTALL_UNKNOWN_CLIENT', { client: JSON.stringify(unknown) })
}

function chosen(clients: readonly string[]): readonly string[] | undefined {
  return clients.length === 0 ? undefined : clients
}

async function mayChange(
  { files }: Plan,
  verb: 'install' | 'uninstall',
  clients: readonly string[],
  flags: InstallFlags,
  terminal: Terminal,
): Promise<boolean> {
  const count = files.filter(isChange).length
  if (count === 0) terminal.out.write('There is nothing to change.\n')
  else if (flags.dryRun) terminal.out.write(`Nothing was changed. To do it: ${lineFor(verb, clients, flags)}\n`)
  else if (flags.yes) return true
  else if (!hasPerson(terminal))
    throw vitalsError('INSTALL_UNCONFIRMED', { line: lineFor(verb, clients, { ...flags, yes: true }) })
  else if (await confirm(`Change ${count === 1 ? 'this file' : `these ${count} files`}?`, terminal)) return true
  else terminal.out.write('Nothing was changed.\n')
  return false
}

/** The same command line, to be typed. */
function lineFor(verb: string, clients: readonly string[], { yes, project, http, service }: InstallFlags): string {
  const options = Object.entries({ yes, project, http, service }).flatMap(([name, isGiven]) =>
    isGiven ? [`--${name}`] : [],
  )
  return ['mcp-vitals', verb, ...clients, ...options].join(' ')
}

/** Changes the files, tells of each, and resolves to how many could not be. */
async function applied(
  files: readonly FilePlan[],
  verb: 'install' | 'uninstall',
  { ledger }: Installation,
  terminal: Terminal,
): Promise<number> {
  const apply = verb === 'install' ? applyInstall : applyUninstall
  const outcomes: readonly Outcome[] = await apply(files, ledger)
  showOutcomes(outcomes, terminal)
  const untried = files.filter(isChange).length - outcomes.filter(({ plan }) => isChange(plan)).length
  return untried + outcomes.filter(({ error }) => error !== undefined).length
}

async function offered(
  { service, dataDir, ledger }: Installation,
  terminal: Terminal,
  { yes }: InstallFlags,
): Promise<boolean> {
  const { file, title } = service
  if (file === undefined || yes || !hasPerson(terminal) || ledger.of(file.path)) return false
  if ((await dataDir.findDaemon()) !== undefined) return false
  return confirm(`No daemon runs. Start one now and at every login, as a ${title}?`, terminal)
}

/** Runs each, and where one cannot be run or fails, shows all of them to be typed. */
async function runAll(commands: Service['start'], done: string, { out, err }: Terminal): Promise<void> {
  for (const [program, ...args] of commands) {
    const failure = process.platform === 'win32' ? 'only an administrator may' : await failureOf(program!, args)
    if (failure === undefined) continue
    const lines = commands.map((words) => `  ${words.join(' ')}\n`).join('')
    err.write(`${program} could not do it (${failure}). To do it by hand:\n${lines}`)
    return
  }
  out.write(`${done}\n`)
}

function failureOf(program: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      said = (said + chunk).slice(0, 1_000)
    })
    child.on('error', (error) =>
      resolve((error as NodeJS.ErrnoException).code === 'ENOENT' ? 'it is not here' : error.message),
    )
    child.on('close', (code) => resolve(code === 0 ? undefined : said.split('\n', 1)[0] || `status ${code}`))
  })
}

function finished(failed: number): number {
  if (failed > 0) throw vitalsError('INSTALL_INCOMPLETE', { count: failed })
  return STATUS.ok
}

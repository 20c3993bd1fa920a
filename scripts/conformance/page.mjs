/** The page about a run, docs/conformance.md: the same text for the same findings. */

const cell = ({ passed, failed, warnings }) => `${passed} / ${failed} / ${warnings}`

/**
 * `results`: `{ version, revision, direct, pairings: { http, stdio }, own }`, each side `{ totals, worse, untried }`,
 * `own`: what `findingsOf` gives of each server of our own.
 */
export function pageOf(results) {
  const rows = results.map(({ version, revision, direct, pairings: { http, stdio } }) => {
    const worse = http.worse.length + stdio.worse.length
    return `| ${version} | ${revision} | ${[direct, http, stdio].map(({ totals }) => cell(totals)).join(' | ')} | ${worse} |`
  })
  const untried = results.flatMap(({ version, revision, pairings: { stdio } }) =>
    stdio.untried.map(
      ({ scenario, id, reason }) => `| ${version} | ${revision} | ${scenario} | \`${id}\` | ${reason} |`,
    ),
  )
  return [
    '# Conformance',
    '',
    'Written by `node scripts/conformance.mjs --write`, and checked by every run of the continuous integration. The',
    'official suite (`@modelcontextprotocol/conformance`) asks one server, `test/conformance-suite/fixture/server.mjs`, in',
    'all its scenarios: at its own address, and through the gateway of a running daemon, which reaches it over HTTP or',
    'starts it over stdio. What is found is compared check by check; a check that is worse through the gateway fails the run.',
    '',
    'Each field has the numbers of checks that passed / failed / gave a warning.',
    '',
    '| suite | revision | direct | gateway → HTTP | gateway → stdio | worse than direct |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
    'Some checks are optional for a server, and the suite tries them only where an answer gives it the occasion. Not tried',
    'through the gateway in front of the stdio server:',
    '',
    '| suite | revision | scenario | check | reason |',
    '| --- | --- | --- | --- | --- |',
    ...untried,
    '',
    '## The host of plugins',
    '',
    'The tools that the suite asks for are the commands of a shell script, `test/conformance-suite/plugins/test/cli.sh`,',
    'which the host of plugins makes tools of a server in the same daemon. A check that is about what the host offers',
    'and does not pass fails the run.',
    '',
    ...ownTables(results, 'plugins'),
    '## The server for agents',
    '',
    'What answers agents ([agents.md](agents.md)), asked at `/mcp` of the same daemon, with its owner’s token. The suite is mostly about',
    'tools, prompts and resources of its own, which are not here; all that is about the protocol is tried.',
    '',
    ...ownTables(results, 'agents'),
  ].join('\n')
}

/** What was found at a server of our own, and what was left out there. */
function ownTables(results, name) {
  return [
    '| suite | revision | scenarios | passed / failed / warnings |',
    '| --- | --- | --- | --- |',
    ...results.map(
      ({ version, revision, own }) =>
        `| ${version} | ${revision} | ${own[name].scenarios} | ${cell(own[name].totals)} |`,
    ),
    '',
    'What the suite asks besides is left out, scenario by scenario:',
    '',
    '| reason | scenarios, or checks of one |',
    '| --- | --- |',
    ...reasonsOf(results, name).map(
      ([reason, whats]) => `| ${reason} | ${whats.map((what) => `\`${what}\``).join(', ')} |`,
    ),
    '',
  ]
}

/** Reason → what it leaves out in any run, sorted. */
function reasonsOf(results, name) {
  const all = new Map()
  for (const [reason, whats] of results.flatMap(({ own }) => [...own[name].reasons]))
    all.set(reason, new Set([...(all.get(reason) ?? []), ...whats]))
  return [...all].map(([reason, whats]) => [reason, [...whats].sort()])
}

/** The reference of routes, from the table that the HTTP server goes by. */
export function routesPage({ ROUTES, UNLISTED }) {
  const cell = (openers) => openers.join('; or ')
  const row = (path, { method, here, elsewhere, when }) =>
    `| \`${path}\`${when === undefined ? '' : `, ${when}`} | ${method} | ${cell(here)} | ${cell(elsewhere)} |`
  return [
    '# Routes',
    '',
    '<!-- Written by scripts/docs.mjs from packages/server/src/app/routes.ts. -->',
    '',
    'Who is let in where. Each of the things named in a cell is enough. “From this machine” is a connection from a loopback',
    'address; what a reverse proxy on this machine passes on counts as that, but below `/admin/` and for agents at `/mcp`, where',
    '`X-Forwarded-For` or `Forwarded` says that it comes from elsewhere. How credentials are sent stands in [doors.md](../doors.md), how people log',
    'in in [dashboard.md](../dashboard.md). `Host` and `Origin` are checked first, everywhere.',
    '',
    '| path | method | from this machine | from elsewhere |',
    '| --- | --- | --- | --- |',
    ...Object.values(ROUTES).map((route) => row(route.path, route)),
    `| any other | any | ${cell(UNLISTED.here)}: 404 | ${cell(UNLISTED.elsewhere)}: 404 |`,
    '',
    'Elsewhere than here an address under `/mcp/` that names no server is answered as one that does: without a key nobody learns',
    'which there are. `metrics.path` stands in the place of `/metrics` where it is set.',
    '',
  ].join('\n')
}

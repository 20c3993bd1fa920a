/**
 * Which way imports may point: one rule for each invariant of the architecture, each with why and the way out.
 * test/repo/import-rules.test.ts breaks every rule on purpose and sees it caught, so a rule that cannot fire is found.
 */
const LIBRARY = '^packages/instrument/src'
const SERVER = '^packages/server/src'

/** Folder of the library -> the folders beside it that it may import. */
const LIBRARY_LAYERS = {
  event: { may: [], why: 'the event is the one noun; everything points at it' },
  mcp: { may: ['event'], why: 'reading the protocol makes events and knows nothing of who takes them' },
  stream: { may: ['event'], why: 'the stream carries events and knows neither where they come from nor where they go' },
  activity: { may: ['stream', 'event'], why: 'what is open now is read off events, whoever shows it' },
  metrics: { may: ['stream', 'event', 'mcp', 'activity', 'vitals'], why: 'metrics are a fold over the stream' },
  ship: { may: ['stream', 'event'], why: 'shipping is a sink of the stream' },
  hand: {
    may: ['vitals', 'event', 'mcp'],
    why: 'what is recorded by hand goes to the hub, a call as an operation of MCP',
  },
  http: { may: ['hand', 'metrics'], why: 'exchanges are recorded like facts, and the page of metrics is shown' },
  node: {
    may: ['hand', 'http', 'mcp', 'metrics', 'ship', 'stream', 'event', 'vitals'],
    why: 'what needs Node stands on top of what does not, and nothing stands on it',
  },
  vitals: { may: ['event'], why: 'the hub joins those who observe and those who listen, and knows neither' },
  sdk: {
    may: ['event', 'mcp', 'vitals'],
    why: 'what passes at an SDK server becomes events; who listens is the hub’s',
  },
  otel: {
    may: ['mcp', 'vitals'],
    why: 'spans stand around messages by a place in the hub, and nothing else knows of them',
  },
}

/** What faces know by its types alone: app/ hands them the values. */
const FACES_NAME = 'access alerts audit-log budgets engine history listen monitor pager providers sinks sources store'

/** Folder of the server -> what it may import, and what it may name as types only (it gets the values in app/). */
const SERVER_LAYERS = {
  version: { may: [], why: 'a number that everyone may say' },
  xml: { may: [], why: 'a text is escaped by one rule, whatever is written in XML' },
  redact: { may: [], why: 'what is no name is taken out before anyone sees it, so it stands below them all' },
  folders: { may: [], why: 'whoever keeps something on disk makes folders, so this stands below them all' },
  errors: { may: [], why: 'every module throws registered errors, so the registry must stand below them all' },
  state: { may: [], why: 'what is true now is a pure fold over events' },
  promql: { may: ['errors'], why: 'an expression is evaluated over series that are handed in, wherever they are kept' },
  rules: {
    may: ['errors', 'promql'],
    why: 'rules are read and evaluated over series that are handed in; who keeps those and who tells people is not theirs',
  },
  series: { may: ['promql'], why: 'samples are packed and found wherever they come from and whoever asks' },
  engine: {
    may: ['errors', 'promql', 'rules', 'series', 'threads'],
    types: ['store'],
    why: 'the thread of series, rules and queries is handed what it samples and where it keeps it',
  },
  checks: {
    may: ['errors', 'children', 'version'],
    why: 'a check looks once at something outside and says what it saw; when it looks and what follows is others’ affair',
  },
  providers: {
    may: ['errors', 'checks'],
    why: 'what servers need is checked when somebody asks; faces show the results, app/ hands these on',
  },
  monitor: {
    may: ['errors', 'checks', 'alerts', 'xml'],
    why: 'components are judged by what checks saw, whoever is told of it; app/ and cli/ hand it clocks and ways out',
  },
  'http-post': { may: [], why: 'a message is posted in one way, whoever sends what' },
  push: { may: ['folders', 'http-post', 'engine', 'series'], why: 'receivers get what app/ hands in, whoever made it' },
  'http-client': { may: [], why: 'a client carries bytes and knows nothing of what they mean' },
  children: {
    may: ['errors', 'folders'],
    why: 'starting processes safely is a tool of the sources, not a user of them',
  },
  plugins: {
    may: ['children'],
    why: 'what programs can do is found and run in one way, whoever asks: the host of plugins, or a doctor',
  },
  datadir: { may: ['errors', 'folders'], why: 'the state directory is ground that others build on' },
  audit: {
    may: ['errors'],
    why: 'the audit log’s format and proofs are held against by strangers: they know no store, no disk and no clock',
  },
  sqlite: { may: ['errors'], why: 'the driver of SQLite knows no table of those who use it' },
  threads: { may: ['errors'], why: 'a thread that is started again carries calls, whoever answers them' },
  'audit-store': {
    may: ['errors', 'audit', 'sqlite', 'threads'],
    why: 'the audit log’s stores keep rows by the contract of audit/, and know nothing of what brings them about',
  },
  'audit-log': {
    may: ['errors', 'audit', 'audit-store', 'datadir', 'folders'],
    why: 'the audit log of a daemon is its store, its keys and its clock; what is written to it is others’ affair',
  },
  witness: {
    may: ['errors', 'audit', 'folders'],
    why: 'a witness signs for logs of others, and knows nothing of a daemon or its log',
  },
  store: {
    may: ['errors', 'datadir', 'sqlite', 'threads'],
    why: 'the store keeps events and knows nothing of who made them',
  },
  spool: { may: ['errors', 'datadir', 'folders'], why: 'the spool keeps bytes until a daemon takes them' },
  alerts: {
    may: ['errors', 'promql'],
    why: 'who is told of what is decided from what is handed in: no clock, no disk, no channel',
  },
  channels: {
    may: ['errors', 'alerts', 'http-post'],
    why: 'a channel sends one message and says what became of it; who tries again is the pager’s affair',
  },
  pager: {
    may: ['errors', 'alerts', 'sqlite', 'threads'],
    why: 'the pager keeps and sends what alerts decide, over channels that app/ hands it',
  },
  listen: { may: ['errors'], why: 'the listener binds and guards a port; app/ hands it the faces to serve' },
  doors: {
    may: ['errors', 'datadir', 'folders'],
    why: 'doors decide from memory and know nothing of HTTP; app/ hands them to the gateway',
  },
  host: { may: [], why: 'readings of machine and processes are taken for the registry, whoever shows it' },
  history: {
    may: [],
    types: ['store'],
    why: 'what was of health follows from events and the rows that were kept; app/ hands it clock and store',
  },
  calls: {
    may: ['history'],
    why: 'calls are counted by events alone; app/ hands it the clock and keeps what it gives',
  },
  access: {
    may: [],
    types: ['doors'],
    why: 'who may look is known from the configuration and memory; app/ hands it tokens, lockout and clock',
  },
  sources: {
    may: ['errors', 'children', 'http-client', 'plugins'],
    types: ['store', 'spool', 'datadir', 'listen'],
    why: 'data flows sources -> stream -> sinks -> faces, so a source knows nothing downstream',
  },
  sinks: {
    may: ['errors', 'state', 'redact', 'folders', 'detect', 'audit'],
    types: ['store', 'datadir'],
    why: 'a sink takes events from the stream and never asks where they came from',
  },
  faces: {
    may: ['errors', 'state', 'promql', 'audit', 'xml', 'calls'],
    types: FACES_NAME.split(' '),
    why: 'a face shows what is known; it neither makes nor keeps it',
  },
  doctor: {
    may: ['errors', 'redact', 'datadir', 'listen', 'children', 'checks', 'version', 'plugins'],
    types: ['config'],
    why: 'a doctor looks from outside, with what a user has; cli/ hands it the configuration and tells what it found',
  },
  export: { may: ['errors', 'promql', 'rules', 'version'], types: ['config'], why: 'files follow from options' },
  top: { may: [], why: 'a screen is made of answers and keys; cli/ asks the daemon and owns the terminal' },
  budgets: { may: [], why: 'what is spent is counted by events alone; app/ hands the doors what they ask of it' },
  prices: { may: [], why: 'what tokens cost is known by the event and a list, whoever spends' },
  detect: { may: [], why: 'a tool is compared with itself by its events alone, whoever is told of what is found' },
  derive: { may: [], why: 'derivations turn values of calls into events; sources are handed them by app/ and cli/' },
  install: {
    may: ['errors', 'redact', 'folders'],
    why: 'clients’ files are changed by the same rules on every platform: where they are is handed in by cli/',
  },
  demo: { may: ['errors'], why: 'the demonstration uses the product as a stranger would, from outside' },
}

const layer = (root, name, { may, types = [], why }) => ({
  name: `${name}-direction`,
  severity: 'error',
  comment:
    `${name}/ may import [${may.join(', ')}]${types.length > 0 ? ` and name types of [${types.join(', ')}]` : ''}: ${why}. ` +
    'Way out: publish an event, or take what you need as a constructor argument and let app/ pass it in.',
  from: { path: `${root}/${name}/` },
  to: { path: `${root}/`, pathNot: `${root}/(${[name, ...may, ...types].join('|')})/` },
})

/** The same layers, for the folders that may be named as types only: a value import of them is a violation. */
const typesOnly = ([name, { types, why }]) => ({
  name: `${name}-take-types-only`,
  severity: 'error',
  comment: `${name}/ may know [${types.join(', ')}] by "import type" alone: ${why}. Way out: take the value as a constructor argument.`,
  from: { path: `${SERVER}/${name}/` },
  to: { path: `${SERVER}/(${types.join('|')})/`, dependencyTypesNot: ['type-only'] },
})

const NOT_OURS = ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown', 'npm-bundled']

module.exports = {
  forbidden: [
    ...Object.entries(LIBRARY_LAYERS).map(([name, rule]) => layer(LIBRARY, name, rule)),
    ...Object.entries(SERVER_LAYERS).map(([name, rule]) => layer(SERVER, name, rule)),
    ...Object.entries(SERVER_LAYERS)
      .filter(([, { types }]) => types)
      .map(typesOnly),
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'A cycle hides which way data flows. Way out: move what both need into a file below both.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'every-import-resolves',
      severity: 'error',
      comment: 'An import that leads nowhere fails at the user. Way out: mend the path, or declare the package.',
      from: { path: '^packages/', pathNot: '^packages/web/' },
      to: { couldNotResolve: true },
    },
    {
      name: 'page-names-documents-only',
      severity: 'error',
      comment:
        'The page runs in a browser: of the daemon it knows the types of its documents alone. Way out: ask by HTTP.',
      from: { path: '^packages/web/' },
      to: { path: '^packages/(server|instrument)/', pathNot: '^packages/server/src/faces/dashboard/api' },
    },
    {
      name: 'declared-dependencies-only',
      severity: 'error',
      comment:
        'What ships may import only what its own package.json declares: the rest is not there when it is packed or installed. ' +
        'Way out: declare it there and explain it in docs/dependencies.md, or do without.',
      from: { path: '^packages/[^/]+/src/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['npm-peer'] },
    },
    {
      name: 'library-has-no-development-imports',
      severity: 'error',
      comment: 'The library is not packed with what it needs to be built. Way out: do without.',
      from: { path: '^packages/instrument/src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['npm-peer'] },
    },
    {
      name: 'library-stays-light',
      severity: 'error',
      comment:
        "The library runs inside other people's servers, on any runtime: no node: module, no package. " +
        'Way out: take clocks, ids and transport as arguments; what needs Node belongs to node/, or to packages/server.',
      from: { path: LIBRARY, pathNot: `${LIBRARY}/(node|otel)/` },
      to: { dependencyTypes: NOT_OURS },
    },
    {
      name: 'library-otel-is-the-api-alone',
      severity: 'error',
      comment:
        'otel/ may import @opentelemetry/api, which its user installs, and nothing else: no node: module, no SDK. ' +
        'Way out: use what the API has; exporters and processors are the user’s.',
      from: { path: `${LIBRARY}/otel/` },
      to: { dependencyTypes: NOT_OURS, pathNot: 'node_modules/@opentelemetry/api/' },
    },
    {
      name: 'library-node-is-node-alone',
      severity: 'error',
      comment:
        "node/ may import Node's own modules and no package: it too runs inside other people's servers. " +
        'Way out: declare the shape that you need, and take the value as an argument.',
      from: { path: `${LIBRARY}/node/` },
      to: { dependencyTypes: NOT_OURS.filter((type) => type !== 'core') },
    },
    {
      name: 'library-never-looks-up',
      severity: 'error',
      comment: 'The library knows nothing of the daemon. Way out: declare the shape you need in the library.',
      from: { path: LIBRARY },
      to: { path: '^packages/(server|web)/' },
    },
    {
      name: 'library-by-its-name',
      severity: 'error',
      comment:
        'The server uses the library as every user does, by its published entries. ' +
        "Way out: import '@mcp-vitals/instrument/<entry>'.",
      from: { path: '^packages/server/' },
      to: { path: '^packages/instrument/', dependencyTypes: ['local'] },
    },
    {
      name: 'pure-state',
      severity: 'error',
      comment:
        'state/ is a pure fold: no clock, disk, network or package. Way out: put the time and the ids into the event.',
      from: { path: `${SERVER}/state/`, pathNot: '/options[.]ts$' },
      to: { dependencyTypes: NOT_OURS, pathNot: '^packages/instrument/' },
    },
    {
      name: 'pure-promql',
      severity: 'error',
      comment:
        'promql/ is pure: no clock, disk or network, and no package but the grammar and RE2. ' +
        'Way out: take the clock from the limits and the samples from the SeriesSource.',
      from: { path: `${SERVER}/promql/` },
      to: { dependencyTypes: NOT_OURS, pathNot: 'node_modules/(re2js|@prometheus-io/lezer-promql|@lezer)/' },
    },
    {
      name: 'pure-audit',
      severity: 'error',
      comment:
        'audit/ is the format that strangers write verifiers for: node:crypto, and no clock, disk, network or package. ' +
        'Way out: take clocks, ids, keys and bytes as arguments; what stores or signs in time belongs above it.',
      from: { path: `${SERVER}/audit/` },
      to: { dependencyTypes: NOT_OURS, pathNot: ['^packages/instrument/', '^(node:)?crypto$'] },
    },
    {
      name: 'pure-detect',
      severity: 'error',
      comment:
        'detect/, budgets/, alerts/ and series/ are pure: no clock, disk, network, thread or package. ' +
        'Way out: take times and bytes from events, or as arguments, and let who keeps and sends what they give do the rest.',
      from: { path: `${SERVER}/(detect|budgets|alerts|series)/`, pathNot: '/options[.]ts$' },
      to: { dependencyTypes: NOT_OURS, pathNot: '^packages/instrument/' },
    },
    {
      name: 'siblings-are-strangers',
      severity: 'error',
      comment:
        'One source, sink or face never imports another: each must be deletable alone. ' +
        'Way out: put what both need into a folder below them, such as children/.',
      from: { path: `${SERVER}/(sources|sinks|faces)/([^/]+)/` },
      to: { path: `${SERVER}/$1/`, pathNot: `${SERVER}/$1/$2/` },
    },
    {
      name: 'front-door-only',
      severity: 'error',
      comment:
        'A module is entered by its index.ts, so that the rest of it can change freely. ' +
        'Way out: export the name there. (config/ and options.ts may read options.ts, which are rules of their own.)',
      from: {
        path: '^packages/(instrument|server)/src/([^/]+)/',
        pathNot: [`${SERVER}/(config|sources|sinks|faces)/`, `${SERVER}/[^/]+/options[.]ts$`],
      },
      to: {
        path: '^packages/(instrument|server)/src/',
        pathNot: [
          '^packages/$1/src/$2/',
          '^packages/[^/]+/src/[^/]+/index[.]ts$',
          `${SERVER}/(sources|sinks|faces)/[^/]+/index[.]ts$`,
        ],
      },
    },
    {
      name: 'front-door-of-modules-only',
      severity: 'error',
      comment: 'The same for what a source, sink or face imports. Way out: export the name from the index.ts.',
      from: { path: `${SERVER}/(sources|sinks|faces)/([^/]+)/` },
      to: {
        path: `${SERVER}/`,
        pathNot: [`${SERVER}/$1/`, `${SERVER}/[^/]+/index[.]ts$`, `${SERVER}/(sources|sinks|faces)/[^/]+/index[.]ts$`],
      },
    },
    {
      name: 'front-door-or-options',
      severity: 'error',
      comment:
        'The options of one module may be made of those of another, which they need not start for it. ' +
        'Way out: export the name from the index.ts, or declare the option in options.ts.',
      from: { path: `${SERVER}/([^/]+)/options[.]ts$` },
      to: { path: `${SERVER}/`, pathNot: [`${SERVER}/$1/`, '/(index|options)[.]ts$'] },
    },
    {
      name: 'config-reads-only-options',
      severity: 'error',
      comment:
        "config/ composes each module's options.ts and never runs a module (errors/ aside). " +
        'Way out: declare the option, its default and its meaning in the options.ts of its module.',
      from: { path: `${SERVER}/config/` },
      to: { path: `${SERVER}/`, pathNot: [`${SERVER}/(config|errors)/`, '/options[.]ts$'] },
    },
    {
      name: 'only-cli-starts-app',
      severity: 'error',
      comment:
        'app/ is the one composition root and demo/ its demonstration; tests and cli/ start them, modules never do. ' +
        'Way out: take what you need as an argument.',
      from: { path: '^packages/', pathNot: `${SERVER}/(app|cli|demo)/` },
      to: { path: `${SERVER}/(app|demo)/` },
    },
    {
      name: 'nobody-imports-cli',
      severity: 'error',
      comment:
        'cli/ ends the process and prints to the terminal; a library of ours must do neither. Way out: move it down.',
      from: { path: '^packages/', pathNot: `${SERVER}/cli/` },
      to: { path: `${SERVER}/cli/` },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    doNotFollow: { path: 'node_modules|/dist/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node'],
      extensions: ['.ts', '.js'],
    },
  },
}

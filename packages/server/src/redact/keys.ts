/** Letters and digits; the same with `_` and `-`; hexadecimal digits. */
const ALPHANUMERIC = '[A-Za-z0-9]'
const WORD = '[A-Za-z0-9_-]'
const HEX = '[0-9A-Fa-f]'

/**
 * Keys that begin with a mark of their maker: what it begins with (a pattern), what it is made of, and the least length
 * after the mark. Shorter than the makers' own, so that a key that was cut off is known too.
 */
const MARKED: readonly (readonly [maker: string, begins: string, of: string, least: number])[] = [
  ['age', 'AGE-SECRET-KEY-1', ALPHANUMERIC, 20],
  ['alibaba', 'LTAI', ALPHANUMERIC, 12],
  ['anthropic, openai, openrouter', 'sk-(?=[\\w-]*\\d)', WORD, 16],
  ['jfrog', 'AKC[a-zA-Z0-9](?=\\w*\\d)', ALPHANUMERIC, 20],
  ['atlassian', 'AT(?:ATT3|BB|CTT3)', '[A-Za-z0-9_=-]', 20],
  ['aws', '(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA|ANVA|AIPA|ABIA|ACCA)', '[A-Z0-9]', 12],
  ['clojars', 'CLOJARS_', ALPHANUMERIC, 20],
  ['databricks', 'dapi', HEX, 24],
  ['digitalocean', 'do[opr]_v1_', HEX, 20],
  ['docker', 'dckr_(?:pat|oat)_', WORD, 16],
  ['doppler', 'dp\\.(?:pt|st|ct|sa)\\.', '[A-Za-z0-9._-]', 20],
  ['dropbox', 'sl\\.(?=[\\w-]*\\d)', WORD, 30],
  ['facebook', 'EAA(?=\\w*\\d)', ALPHANUMERIC, 30],
  ['figma', 'figd_', WORD, 20],
  ['fly', 'f[mo][12]_', '[A-Za-z0-9+/=_-]', 20],
  ['github', 'gh[pousr]_', ALPHANUMERIC, 16],
  ['github, fine-grained', 'github_pat_', '\\w', 20],
  ['gitlab', 'gl(?:pat|oas|dt|rt|cbt|ptt|ft|imt|agent|soat)-', WORD, 16],
  ['google', 'AIza', WORD, 25],
  ['google client secret', 'GOCSPX-', WORD, 20],
  ['google refresh token', '1//0', WORD, 20],
  ['google token', 'ya29\\.', WORD, 20],
  ['grafana', 'gl(?:sa|c)_', '[A-Za-z0-9_=+/-]', 20],
  ['groq', 'gsk_', ALPHANUMERIC, 20],
  ['heroku', 'HRKU-', WORD, 20],
  ['hugging face', '(?:hf|api_org)_', ALPHANUMERIC, 24],
  ['json web token', 'eyJ', '[A-Za-z0-9_.-]', 16],
  ['linear', 'lin_(?:api|oauth)_', ALPHANUMERIC, 16],
  ['mailgun', 'key-', HEX, 24],
  ['mapbox', '[ps]k\\.eyJ', '[A-Za-z0-9_.-]', 16],
  ['new relic', 'NR(?:AK|II|AA|JS|RA)-', WORD, 16],
  ['notion', '(?:ntn_|secret_(?=\\w*\\d))', ALPHANUMERIC, 30],
  ['npm', 'npm_', ALPHANUMERIC, 24],
  ['perplexity', 'pplx-', ALPHANUMERIC, 20],
  ['planetscale', 'pscale_(?:tkn|pw|oauth)_', '[A-Za-z0-9_.=-]', 20],
  ['postman', 'PMAK-', WORD, 20],
  ['pulumi', 'pul-', HEX, 20],
  ['pypi', 'pypi-AgE', WORD, 16],
  ['replicate', 'r8_', ALPHANUMERIC, 20],
  ['rubygems', 'rubygems_', HEX, 20],
  ['sendgrid', 'SG\\.(?=[\\w.-]*\\d)', '[A-Za-z0-9_.-]', 20],
  ['sentry', 'sntry[su]_', '[A-Za-z0-9_=+/-]', 20],
  ['shopify', 'shp(?:at|ca|pa|ss)_', HEX, 20],
  ['slack', 'xox[abeoprs]-', WORD, 8],
  ['slack app', 'xapp-\\d-', WORD, 16],
  ['square', '(?:sq0[a-z]{3}-|EAAA(?=\\w*\\d))', WORD, 20],
  ['stripe', '[rsp]k_(?:live|test)_', ALPHANUMERIC, 10],
  ['stripe webhook', 'whsec_', '[A-Za-z0-9+/=]', 20],
  ['supabase', 'sb[ps]_', ALPHANUMERIC, 20],
  ['telegram', '\\d{8,10}:', WORD, 30],
  ['terraform', '[A-Za-z0-9]{14}\\.atlasv1\\.', WORD, 16],
  ['twilio', '(?:AC|SK|AP|PN)', HEX, 28],
  ['vault', 'hv[sbr]\\.', WORD, 16],
  ['xai', 'xai-', ALPHANUMERIC, 20],
  ['yandex', '(?:AQVN|y0_)(?=[\\w-]*\\d)', WORD, 24],
]

/** All of them, as one pattern. */
export const MARKED_KEY = new RegExp(
  `(?<![A-Za-z0-9])(?:${MARKED.map(([, begins, of, least]) => `${begins}${of}{${least},}`).join('|')})`,
  'g',
)

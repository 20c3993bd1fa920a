import { useState } from 'preact/hooks'
import { go, to, useAddress } from '../lib/address.js'
import { Problem } from '../lib/api.js'
import { logIn } from '../lib/session.js'
import { useStore } from '../lib/store.js'
import { session } from '../lib/who.js'
import { Failure, Line, Shape } from '../parts/states.js'

/** Asks who it is: a configured user with a password, or who has the admin token. */
export function LoginView() {
  const who = useStore(session)
  const { path } = useAddress()
  const [kind, setKind] = useState<'user' | 'token'>(who?.login.user ? 'user' : 'token')
  const [problem, setProblem] = useState<Problem>()
  const [isBusy, setBusy] = useState(false)
  const ownerTokenFile = who?.login.ownerTokenFile
  const canBoth = who?.login.user && who.login.adminToken

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    const data = new FormData(event.currentTarget as HTMLFormElement)
    const text = (name: string) => String(data.get(name) ?? '')
    setBusy(true)
    try {
      await logIn(
        kind === 'user' ? { user: text('user'), password: text('password') } : { token: text('token').trim() },
      )
      if (path[0] === 'login') go(to([]), { replace: true })
    } catch (error) {
      setProblem(error instanceof Problem ? error : new Problem(String(error), 'Load the page again.', 0))
    } finally {
      setBusy(false)
    }
  }

  return (
    <main class="alone" id="main">
      <h1>
        <Shape of="info" /> mcp-vitals
      </h1>
      {who && !who.login.user && !who.login.adminToken ? (
        <>
          <p>Nobody can log in: neither users nor an admin token are configured.</p>
          <Line text="MCP_VITALS_ADMIN_TOKEN=$(openssl rand -hex 32) mcp-vitals up" />
        </>
      ) : (
        <form class="login" onSubmit={(event) => void submit(event)} aria-label="Log in">
          {canBoth && (
            <fieldset class="tabs">
              <legend class="unseen">How</legend>
              {(['user', 'token'] as const).map((name) => (
                <label key={name}>
                  <input type="radio" name="kind" checked={kind === name} onChange={() => setKind(name)} />
                  {name === 'user' ? 'User' : 'Token'}
                </label>
              ))}
            </fieldset>
          )}
          {kind === 'user' ? (
            <>
              <label>
                User
                <input name="user" autocomplete="username" required maxLength={64} autofocus />
              </label>
              <label>
                Password
                <input name="password" type="password" autocomplete="current-password" required maxLength={1024} />
              </label>
            </>
          ) : (
            <label>
              Admin token
              <input name="token" type="password" autocomplete="off" required maxLength={1024} autofocus />
            </label>
          )}
          <button type="submit" class="main" disabled={isBusy}>
            Log in
          </button>
          {problem && <Failure problem={problem} />}
          {kind === 'token' && (
            <p class="note">
              It is <code>listen.adminToken</code> of the configuration.
              {ownerTokenFile !== undefined && ' On this machine the owner’s token does too:'}
            </p>
          )}
          {kind === 'token' && ownerTokenFile !== undefined && <Line text={`cat ${quoted(ownerTokenFile)}`} />}
          {who?.role === 'viewer' && (
            <p class="note">
              <a href={to([])}>Back: look without logging in</a>
            </p>
          )}
        </form>
      )}
    </main>
  )
}

/** As a shell takes it for one word. */
const quoted = (path: string): string => (/^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`)

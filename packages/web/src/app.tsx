import { useEffect, useState } from 'preact/hooks'
import { followLinks, to, useAddress } from './lib/address.js'
import { Problem } from './lib/api.js'
import { useRefreshing } from './lib/data.js'
import { listenToKeys } from './lib/keys.js'
import { stayLive } from './lib/live.js'
import { loadSession } from './lib/session.js'
import { useStore } from './lib/store.js'
import { session } from './lib/who.js'
import { Header } from './parts/header.js'
import { Keys } from './parts/keys.js'
import { Navigation } from './parts/navigation.js'
import { Failure } from './parts/states.js'
import { LoginView } from './views/login.js'
import { VIEWS } from './views/registry.js'

/** The whole page: who looks is asked first, then the frame stands and the view of the address in it. */
export function App() {
  const who = useStore(session)
  const problem = useWho(who === undefined)
  const { path } = useAddress()
  useEffect(() => {
    document.addEventListener('click', followLinks)
    return () => document.removeEventListener('click', followLinks)
  }, [])
  if (who === undefined)
    return <main class="alone">{problem ? <Failure problem={problem} /> : <p class="nothing">Loading …</p>}</main>
  if (who.role === 'none' || path[0] === 'login') return <LoginView />
  return <Frame />
}

/** Asks who looks, again and again until there is an answer. */
function useWho(isUnknown: boolean): Problem | undefined {
  const [problem, setProblem] = useState<Problem>()
  useEffect(() => {
    if (!isUnknown) return
    const load = () =>
      loadSession().then(
        () => setProblem(undefined),
        (error: unknown) => error instanceof Problem && setProblem(error),
      )
    void load()
    const again = setInterval(load, 3000)
    return () => clearInterval(again)
  }, [isUnknown])
  return problem
}

function Frame() {
  const { path } = useAddress()
  const [first = '', ...rest] = path
  const view = VIEWS.find(({ name, parts = [0] }) => name === first && parts.includes(rest.length))
  const title = view?.title ?? 'Not found'
  useRefreshing()
  useEffect(stayLive, [])
  useEffect(listenToKeys, [])
  useEffect(() => {
    document.title = `${title} · mcp-vitals`
  }, [title])
  const View = view?.View
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <Navigation current={first} />
      <div class="page">
        <Header title={title} hasRange={view?.hasRange ?? false} />
        <main id="main" tabIndex={-1}>
          {View ? (
            <View key={path.join('/')} parts={rest} />
          ) : (
            <p class="nothing">
              There is no such view. <a href={to([])}>Go to the overview.</a>
            </p>
          )}
        </main>
      </div>
      <Keys />
    </>
  )
}

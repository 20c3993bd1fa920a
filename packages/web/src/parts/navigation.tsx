import { useEffect, useState } from 'preact/hooks'
import { to, useAddress } from '../lib/address.js'
import { PLACES } from '../lib/keys.js'
import { document$ } from '../lib/live.js'
import { useStore } from '../lib/store.js'
import { Shape } from './states.js'
import { TONE_OF_COLOUR } from './words.js'

/** Links to all views; on a narrow screen behind a button. */
export function Navigation({ current }: { current: string }) {
  const [isOpen, setOpen] = useState(false)
  const address = useAddress()
  const document = useStore(document$)
  const firing = document?.alerts.firing ?? 0
  const colour = document?.health.colour
  // Whoever went somewhere has no more use of the list.
  useEffect(() => setOpen(false), [address])
  return (
    <nav class={isOpen ? 'open' : ''} aria-label="Views">
      <p class="brand">
        {colour ? <Shape of={TONE_OF_COLOUR[colour]} /> : <Shape of="none" />}
        <a href={to([])}>mcp-vitals</a>
        <button
          type="button"
          class="menu"
          aria-expanded={isOpen}
          aria-controls="views"
          onClick={() => setOpen(!isOpen)}
        >
          Menu
        </button>
      </p>
      <ul id="views">
        {Object.entries(PLACES).map(([key, [name, path]]) => (
          <li key={key}>
            <a href={to(path)} data-keys={`g ${key}`} aria-current={current === (path[0] ?? '') ? 'page' : undefined}>
              {name}
              {name === 'Alerts' && firing > 0 && (
                <span class="badge">
                  {firing}
                  <span class="unseen"> firing</span>
                </span>
              )}
            </a>
          </li>
        ))}
      </ul>
      <p class="about">
        {document && `${document.product.version} · ${document.product.demo ? 'demo' : document.product.environment}`}
      </p>
    </nav>
  )
}

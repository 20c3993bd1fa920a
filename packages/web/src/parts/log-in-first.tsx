import type { ComponentChildren } from 'preact'
import { to } from '../lib/address.js'
import { Empty } from './states.js'

/** In the place of what is not for everybody who can reach the port. */
export function LogInFirst({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <Empty title={title}>
      <p>
        {children} <a href={to(['login'])}>Log in</a>
      </p>
    </Empty>
  )
}

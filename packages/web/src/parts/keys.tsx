import { useEffect, useRef } from 'preact/hooks'
import { keysShown$, PLACES } from '../lib/keys.js'
import { useStore } from '../lib/store.js'

/** The list of keys. */
export function Keys() {
  const isShown = useStore(keysShown$)
  return isShown ? (
    <Dialog title="Keys" onClose={() => keysShown$.set(false)}>
      <dl class="pairs">
        {[
          ['/', 'to the filter'],
          ['r', 'refresh'],
          ['?', 'this list'],
          ['Esc', 'close'],
          ...Object.entries(PLACES).map(([key, [name]]) => [`g ${key}`, name]),
        ].map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  ) : null
}

/** A dialog over the page; Escape closes it, and the focus goes back to where it was. */
export function Dialog({
  title,
  onClose,
  children,
}: {
  title: string
  onClose: () => void
  children: preact.ComponentChildren
}) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    dialog.current?.showModal()
  }, [])
  return (
    <dialog ref={dialog} onClose={onClose} aria-label={title}>
      <header>
        <h2>{title}</h2>
        <button type="button" onClick={() => dialog.current?.close()}>
          close
        </button>
      </header>
      {children}
    </dialog>
  )
}

import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
  startCompletion,
} from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { bracketMatching, HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { lintKeymap } from '@codemirror/lint'
import { EditorState, Prec } from '@codemirror/state'
import { EditorView, keymap, placeholder } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { PromQLExtension } from '@prometheus-io/codemirror-promql'

export interface Editor {
  destroy(): void
}

/** Metrics that names are offered for; more are found by their labels as one types on. */
const MAX_METRICS = 5000

/**
 * An editor of PromQL in `host`, which offers names as one types. It lives in a shadow root: there its styles are sheets
 * made by script, which the page's rules let through, where a style element would have to be allowed by name.
 */
export function createEditor(
  host: HTMLElement,
  doc: string,
  on: { readonly onRun: (query: string) => void; readonly onChange: (query: string) => void },
): Editor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' })
  const run = (view: EditorView) => {
    on.onRun(view.state.doc.toString().trim())
    return true
  }
  const view = new EditorView({
    parent: root,
    root,
    state: EditorState.create({
      doc,
      extensions: [
        history(),
        bracketMatching(),
        closeBrackets(),
        autocompletion(),
        EditorView.lineWrapping,
        placeholder('PromQL: Enter runs it, Shift-Enter begins a line, Ctrl-Space offers names'),
        new PromQLExtension()
          .setComplete({
            remote: { url: '', apiPrefix: '/admin/api/v1', httpMethod: 'GET', fetchFn: fetch.bind(globalThis) },
            maxMetricsMetadata: MAX_METRICS,
          })
          .asExtension(),
        syntaxHighlighting(COLOURS),
        THEME,
        EditorView.contentAttributes.of({ 'aria-label': 'Query', spellcheck: 'false' }),
        EditorView.updateListener.of(({ docChanged, state }) => {
          if (docChanged) on.onChange(state.doc.toString())
        }),
        // Where completions are offered, Enter takes one: that stands in the completions' own keys.
        keymap.of(completionKeymap),
        Prec.high(keymap.of([{ key: 'Ctrl-Space', run: startCompletion }])),
        keymap.of([{ key: 'Enter', run }, ...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...lintKeymap]),
      ],
    }),
  })
  return { destroy: () => view.destroy() }
}

/** Custom properties reach into a shadow root: light and dark follow the page. */
const COLOURS = HighlightStyle.define([
  { tag: tags.number, color: 'var(--code-number)' },
  { tag: tags.string, color: 'var(--code-string)' },
  { tag: tags.keyword, color: 'var(--code-word)' },
  { tag: tags.function(tags.variableName), color: 'var(--code-function)' },
  { tag: tags.labelName, color: 'var(--code-label)' },
  { tag: tags.comment, color: 'var(--ink-soft)' },
  { tag: tags.invalid, color: 'var(--bad)' },
])

const THEME = EditorView.theme({
  '&': { backgroundColor: 'var(--panel)', color: 'var(--ink)', fontSize: '14px', outline: 'none' },
  '.cm-content': { fontFamily: 'var(--mono)', padding: '8px 0', caretColor: 'var(--ink)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-placeholder': { color: 'var(--ink-soft)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: 'var(--chosen)' },
  '.cm-tooltip': { backgroundColor: 'var(--panel)', border: '1px solid var(--edge)', color: 'var(--ink)' },
  '.cm-tooltip-autocomplete ul li': { padding: '2px 6px' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--chosen)', color: 'var(--ink)' },
  '.cm-completionDetail': { color: 'var(--ink-soft)', marginLeft: '1em' },
})

/** The frame around a page: navigation, search, what is on the page, and the pages before and after. */
import { dirname, relative } from 'node:path/posix'
import { escaped } from './markdown.mjs'

/** From a page of the site to another place of it. */
export const wayTo = (from, to) => relative(dirname(from), to)

/** A whole page. `pages`: all of the site, in the order of its navigation. */
export function framed(page, pages, sections, version) {
  const { place, title, html, headings } = page
  const link = (to, words, extra = '') => `<a href="${wayTo(place, to.place)}"${extra}>${escaped(words)}</a>`
  const navigation = sections
    .map(({ title: name, pages: list }) => {
      const items = list.map((one) => `<li>${link(one, one.label, one === page ? ' aria-current="page"' : '')}</li>`)
      return `<h2>${escaped(name)}</h2>\n<ul>${items.join('')}</ul>`
    })
    .join('\n')
  const parts = headings.filter(({ depth }) => depth === 2)
  const contents =
    parts.length < 2
      ? ''
      : `<details class="contents"${parts.length <= 12 ? ' open' : ''}><summary>On this page</summary><ul>${parts
          .map(({ id, text }) => `<li><a href="#${id}">${escaped(text)}</a></li>`)
          .join('')}</ul></details>`
  const at = pages.indexOf(page)
  const [before, after] = [pages[at - 1], pages[at + 1]]
  const beside = [
    before && link(before, `← ${before.label}`, ' rel="prev"'),
    after && link(after, `${after.label} →`, ' rel="next"'),
  ]
  // What is on the page comes below its title.
  const [head = '', ...rest] = html.split(/(?<=<\/h1>)/)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${escaped(title)} · mcp-vitals</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${wayTo(place, 'site.css')}">
<script defer src="${wayTo(place, 'search-index.js')}"></script>
<script defer src="${wayTo(place, 'search.js')}" data-root="${wayTo(place, '.') || '.'}"></script>
</head>
<body>
<a class="skip" href="#content">Skip to the page</a>
<header><a class="name" href="${wayTo(place, 'index.html')}">mcp-vitals</a> <span class="version">${escaped(version)}</span></header>
<div class="frame">
<nav class="pages" aria-label="Pages">
<search hidden><label for="search">Search</label><input id="search" type="search" autocomplete="off" spellcheck="false" aria-controls="found">
<ul id="found" aria-live="polite"></ul></search>
${navigation}
</nav>
<main id="content" tabindex="-1">
${head}${contents}${rest.join('')}
<footer><nav aria-label="Before and after">${beside.filter(Boolean).join(' ')}</nav></footer>
</main>
</div>
</body>
</html>
`
}

/** One page of Markdown as HTML: headings with the anchors that repositories give them, links as the site has them. */
import { Marked } from 'marked'

const escaped = (text) =>
  text.replace(/[&<>"']/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[c])

/** A heading's anchor, before a number tells it from others of the page. */
const slugOf = (text) =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-')

/** Words of a token and all in it, without marks. */
const plain = (tokens) =>
  tokens.map((token) => (token.tokens ? plain(token.tokens) : (token.text ?? '').replace(/&#39;/g, "'"))).join('')

/**
 * The page's HTML with its headings. `hrefOf(target)` gives what a link or picture of the page leads to: an address, or
 * undefined where the site has no such place, and then the link is shown as words.
 */
export function rendered(markdown, hrefOf) {
  const headings = []
  const taken = new Map()
  const marked = new Marked({
    gfm: true,
    renderer: {
      heading({ tokens, depth }) {
        const text = plain(tokens)
        const slug = slugOf(text)
        const times = taken.get(slug) ?? 0
        taken.set(slug, times + 1)
        const id = times === 0 ? slug : `${slug}-${times}`
        headings.push({ id, text, depth })
        const anchor = depth === 1 ? '' : ` <a class="here" href="#${id}" aria-label="Link to: ${escaped(text)}">#</a>`
        return `<h${depth} id="${id}">${this.parser.parseInline(tokens)}${anchor}</h${depth}>\n`
      },
      // Comments say where a page comes from. Nothing else of the kind stands in our pages, and what does is shown as it is.
      html: ({ text }) => (/^\s*<!--[\s\S]*-->\s*$/.test(text) ? '' : escaped(text)),
      link({ href, title, tokens }) {
        const words = this.parser.parseInline(tokens)
        const place = hrefOf(href)
        if (place === undefined)
          return `<span class="source" title="${escaped(href)} in the repository">${words}</span>`
        return `<a href="${escaped(place)}"${title ? ` title="${escaped(title)}"` : ''}>${words}</a>`
      },
      image: ({ href, text }) => `<img src="${escaped(hrefOf(href) ?? '')}" alt="${escaped(text)}" loading="lazy">`,
      // What may be wider than the window is scrolled by itself, by keys too.
      code: ({ text, lang }) =>
        `<pre tabindex="0"><code${lang ? ` class="language-${escaped(lang)}"` : ''}>${escaped(text)}\n</code></pre>\n`,
      table(token) {
        const row = (cells, kind) =>
          `<tr>${cells.map((cell) => `<${kind}>${this.parser.parseInline(cell.tokens) || '<span class="none">–</span>'}</${kind}>`).join('')}</tr>`
        const body = token.rows.map((cells) => row(cells, 'td')).join('\n')
        return `<div class="wide" tabindex="0"><table><thead>${row(token.header, 'th scope="col"').replaceAll('</th scope="col">', '</th>')}</thead>\n<tbody>${body}</tbody></table></div>\n`
      },
    },
  })
  return { html: marked.parse(markdown), headings }
}

export { escaped }

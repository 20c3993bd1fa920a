// Finds pages and headings by words, in a list that lies beside it: pages that are opened as files may fetch nothing.
const MOST = 30
const { root } = document.currentScript.dataset
const box = document.querySelector('#search')
const found = document.querySelector('#found')

function show() {
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean)
  const scored =
    words.length === 0
      ? []
      : globalThis.SEARCH_INDEX.flatMap(([page, place, heading, id]) => {
          const text = `${page} ${heading}`.toLowerCase()
          if (!words.every((word) => text.includes(word))) return []
          // A heading that begins so comes first, then the shorter.
          return [
            {
              page,
              heading,
              href: `${root}/${place}${id && `#${id}`}`,
              rank: (heading.toLowerCase().startsWith(words[0]) ? 0 : 1000) + text.length,
            },
          ]
        })
  const items = scored
    .sort((a, b) => a.rank - b.rank)
    .slice(0, MOST)
    .map(({ page, heading, href }) => {
      const item = document.createElement('li')
      const link = document.createElement('a')
      link.href = href
      link.textContent = heading === page ? page : `${heading} (${page})`
      item.append(link)
      return item
    })
  if (words.length > 0 && items.length === 0)
    items.push(Object.assign(document.createElement('li'), { textContent: 'Nothing found.' }))
  found.replaceChildren(...items)
}

box.closest('search').hidden = false
box.addEventListener('input', show)

import { go, here, useAddress } from '../lib/address.js'
import { shown } from '../lib/text.js'

/** A filter of the address: a list to choose from, or a text to look for. */
export type Filter =
  | { readonly name: string; readonly label: string; readonly choices: readonly string[] }
  | { readonly name: string; readonly label: string; readonly placeholder: string }

/** What is filtered by; what is chosen stands in the address. `/` goes to the first text. */
export function Filters({ filters }: { filters: readonly Filter[] }) {
  const { params } = useAddress()
  const used = filters.filter(({ name }) => params.get(name))
  const set = (name: string, value: string) => go(here({ [name]: value }), { replace: true })
  return (
    <search class="filters">
      {filters.map((filter) => {
        const value = params.get(filter.name) ?? ''
        return (
          <div key={filter.name}>
            <label htmlFor={`filter-${filter.name}`}>{filter.label}</label>
            {'choices' in filter ? (
              <select
                id={`filter-${filter.name}`}
                value={value}
                onChange={({ currentTarget }) => set(filter.name, currentTarget.value)}
              >
                <option value="">all</option>
                {[...new Set(value ? [value, ...filter.choices] : filter.choices)].map((choice) => (
                  <option key={choice} value={choice}>
                    {shown(choice, 40)}
                  </option>
                ))}
              </select>
            ) : (
              <input
                id={`filter-${filter.name}`}
                type="search"
                data-filter=""
                value={value}
                placeholder={filter.placeholder}
                onInput={({ currentTarget }) => set(filter.name, currentTarget.value)}
              />
            )}
          </div>
        )
      })}
      {used.length > 0 && (
        <button
          type="button"
          class="small"
          onClick={() => go(here(Object.fromEntries(used.map(({ name }) => [name, undefined]))), { replace: true })}
        >
          clear
        </button>
      )}
    </search>
  )
}

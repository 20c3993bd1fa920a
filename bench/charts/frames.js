/** The same lines for both: three to a chart, 240 points each, and one point newer each time. `?charts=` says how many. */
export const CHARTS = Number(new URLSearchParams(location.search).get('charts') ?? 50)
const LINES = 3
const POINTS = 240

const NAMES = ['p50', 'p95', 'p99'].slice(0, LINES)

export function frameAt(chart, tick) {
  const times = Array.from({ length: POINTS }, (_, index) => 1_767_268_800 + (tick + index) * 15)
  const series = NAMES.map((name, line) => ({
    labels: { name },
    values: times.map((_, index) => 100 * (line + 1) + 40 * Math.sin((tick + index + chart * 7) / 9)),
  }))
  return { times, series }
}

/**
 * What `bench/dashboard-web.mjs` asks the page: how long it takes to give every chart something newer, until that is
 * painted, and how many frames a second pass while each chart gets something newer each second.
 */
export function measured(update) {
  const painted = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))
  let tick = 1
  return {
    async allAtOnce(rounds) {
      const times = []
      for (let round = 0; round < rounds; round++) {
        const begin = performance.now()
        for (let chart = 0; chart < CHARTS; chart++) update(chart, frameAt(chart, tick))
        tick++
        await painted()
        times.push(performance.now() - begin)
      }
      return times
    },
    framesASecond(seconds) {
      return new Promise((resolve) => {
        const [begin, gaps] = [performance.now(), []]
        let [last, next] = [begin, 0]
        const frame = (now) => {
          gaps.push(now - last)
          last = now
          // Each chart once a second, one after the other.
          for (; next < ((now - begin) / 1000) * CHARTS; next++)
            update(next % CHARTS, frameAt(next % CHARTS, tick + Math.floor(next / CHARTS)))
          if (now - begin < seconds * 1000) requestAnimationFrame(frame)
          else resolve({ perSecond: (gaps.length - 1) / ((now - begin) / 1000), longestMs: Math.max(...gaps.slice(1)) })
        }
        requestAnimationFrame(frame)
      })
    },
  }
}

import { describe, expect, test } from 'vitest'
import { ADMIN_TOKEN, barriers, frontOf, logIn, looking, PATIENCE_MS, REAL_MEMORY, tell } from './looking.js'

const here = looking({
  config: {
    servers: { memory: REAL_MEMORY },
    listen: { adminToken: ADMIN_TOKEN },
    alerts: { groupWaitMs: 0 },
    dashboard: { lockout: { failures: 3, lockMs: 3000 } },
  },
})

/** Has an alert of that kind fire, by failures that an application tells of. */
const alarm = (server: string) => tell(here.daemon(), { type: 'auth', server, action: 'refused', reason: 'unknown' })

describe('logging in', () => {
  test('asks for the token, locks whoever guesses, and lets in afterwards', async () => {
    const page = await here.open('/login', { quiet: true })
    expect(await barriers(page)).toEqual([])
    for (let attempt = 0; attempt < 4; attempt++) {
      await page.getByLabel('Admin token').fill(`guess-${attempt}`)
      await Promise.all([
        page.waitForResponse('**/admin/api/login'),
        page.getByRole('button', { name: 'Log in' }).click(),
      ])
    }
    await page
      .getByRole('alert')
      .getByText(/Try again in \d+ s/)
      .waitFor()
    await page.getByLabel('Admin token').fill(ADMIN_TOKEN)
    await expect
      .poll(
        async () => {
          const button = page.getByRole('button', { name: 'Log in' })
          if (await button.isVisible()) await button.click().catch(() => {})
          return await page.getByRole('heading', { name: 'Overview' }).isVisible()
        },
        { timeout: 20_000, interval: 500 },
      )
      .toBe(true)
    await page.locator('summary', { hasText: 'admin' }).click()
    await page.getByRole('button', { name: 'Log out everywhere' }).click()
    await page.getByRole('link', { name: 'Log in' }).waitFor()
  })

  test('who looks without it may act on nothing, and is told how to', async () => {
    await alarm('looked-at')
    const page = await here.open('')
    await page.getByRole('region', { name: 'Recent alerts' }).getByText('HIGH').first().waitFor()
    expect(await page.getByRole('button', { name: 'acknowledge' }).count()).toBe(0)
    await page.goto(`${here.daemon().url}/admin/dashboard/audit`)
    await page.getByText('Log in to read the audit log.').waitFor()
  })
})

describe('who is logged in', () => {
  test('takes an alert on, silences it and ends the silence', async () => {
    await alarm('acted-on')
    const page = await here.open('')
    await logIn(page, '/alerts')
    const row = page.getByRole('region', { name: 'table of alerts' }).getByRole('row', { name: /acted-on/ })
    await row.getByRole('button', { name: 'acknowledge' }).click()
    await page.getByRole('dialog').getByLabel('Comment').fill('looking <b>at it</b>')
    expect(await barriers(page)).toEqual([])
    await page.getByRole('dialog').getByRole('button', { name: 'Acknowledge' }).click()
    await row.getByText('looking <b>at it</b>').waitFor()
    await row.getByRole('button', { name: 'silence' }).click()
    await page.getByRole('dialog').getByLabel('Why').fill('known')
    await page.getByRole('dialog').getByRole('button', { name: 'Silence' }).click()
    await row.getByText('quiet: silence').waitFor()
    const silences = page.getByRole('region', { name: 'Silences' })
    await silences.getByText(/: known$/).waitFor()
    await silences.getByRole('button', { name: 'end' }).click()
    await silences.getByText('Nothing is silenced.').waitFor()
    await page.getByRole('region', { name: 'table of history' }).getByText('unsilenced').first().waitFor()
  })

  test('finds a row of the audit log with its proof, and verifies the log', async () => {
    const page = await here.open('', { quiet: true })
    await logIn(page, '/audit?type=ADMIN_LOGIN')
    await page.getByRole('button', { name: 'Verify the log' }).click()
    await page.getByText(/\d+ rows are as they were written/).waitFor()
    await page.getByRole('region', { name: 'table of audit rows' }).getByRole('link').first().click()
    await page.getByRole('dialog').getByText('row_hash').waitFor()
  })
})

describe('a daemon that is gone', () => {
  test('is told of, what was shown stays, and the page comes back by itself', async () => {
    const front = await frontOf(here.daemon())
    const page = await here.open('', { base: front.url, quiet: true })
    await page.getByText('live', { exact: true }).waitFor()
    front.cut()
    await page.locator('.offline').getByText('The daemon does not answer.').waitFor()
    await page.getByText(/data is \d+ s old/).waitFor()
    await page.getByRole('region', { name: 'Health' }).waitFor()
    front.mend()
    await page.getByText('live', { exact: true }).waitFor()
    await expect.poll(() => page.getByRole('alert').count(), { timeout: PATIENCE_MS }).toBe(0)
  })

  test('a session that ended elsewhere leads back to looking only', async () => {
    const page = await here.open('', { quiet: true })
    await logIn(page)
    await page.context().clearCookies()
    await page.goto(`${here.daemon().url}/admin/dashboard/alerts`)
    await page.getByText('Log in to see alerts').waitFor()
  })
})

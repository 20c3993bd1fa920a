/** Sessions end when they should, and few logins are looked at at a time. */
import { describe, expect, test } from 'vitest'
import {
  type AccessSetup,
  createAccess,
  makePasswordHash,
  type Shown,
} from '../../../packages/server/src/access/index.js'
import { createLockout } from '../../../packages/server/src/doors/index.js'
import { cheapHash } from '../../fixtures/cheap-hash.js'

const HASH = cheapHash('a horse of many colours')
const MINUTE = 60_000

function start(changes: Partial<AccessSetup['options']> = {}) {
  let now = 0
  const options = {
    ...{ users: [{ name: 'kim', role: 'admin' as const, passwordHash: HASH }], idleMinutes: 10, sessionMinutes: 60 },
    ...{ lockout: { failures: 3, windowMs: MINUTE, lockMs: MINUTE }, ...changes },
  }
  const access = createAccess({
    options,
    isAdminToken: (token) => token === 'right',
    isOwnerToken: () => false,
    newLockout: (given) => createLockout(given, () => now),
    onLogin: () => {},
    clock: () => now,
  })
  const shownBy = (id: string, changes: Partial<Shown> = {}): Shown => ({
    ...{ method: 'GET', cookie: `mcp_vitals_session=${id}`, csrf: undefined, host: 'vitals.example' },
    ...{ origin: undefined, fetchSite: undefined, ...changes },
  })
  const who = { place: '192.0.2.1', isLocal: false }
  async function begin(): Promise<string> {
    const outcome = await access.login({ token: 'right' }, who)
    return outcome.is === 'in' ? outcome.id : ''
  }
  return {
    ...{ access, options, who, begin, shownBy },
    later(ms: number) {
      now += ms
    },
  }
}

describe('a session', () => {
  test('rests for so long, and lasts for so long however busy', async () => {
    const { access, begin, shownBy, later } = start()
    const [idle, busy] = [await begin(), await begin()]
    for (let minutes = 0; minutes < 59; minutes++) {
      later(MINUTE)
      expect(access.visitOf(shownBy(busy)), `${minutes}`).toBeDefined()
    }
    expect(access.visitOf(shownBy(idle))).toBeUndefined()
    expect(access.isOpen(busy)).toBe(true)
    later(MINUTE)
    expect(access.visitOf(shownBy(busy))).toBeUndefined()
  })

  test('that is only watched rests all the same', async () => {
    const { access, begin, later } = start()
    const id = await begin()
    for (let minutes = 0; minutes < 9; minutes++) {
      later(MINUTE)
      expect(access.isOpen(id)).toBe(true)
    }
    later(MINUTE)
    expect(access.isOpen(id)).toBe(false)
  })

  test('of one user is one of a few: the one that rested for longest gives way', async () => {
    const { access, begin, shownBy, later } = start()
    const first = await begin()
    const second = await begin()
    for (let number = 0; number < 30; number++) await begin()
    later(1)
    expect(access.visitOf(shownBy(first))).toBeDefined()
    await begin()
    expect(access.isOpen(second)).toBe(false)
    expect(access.isOpen(first)).toBe(true)
  })

  test('ends when its user is changed, and only then', async () => {
    const { access, who, options } = start()
    const login = await access.login({ user: 'kim', password: 'a horse of many colours' }, who)
    const id = login.is === 'in' ? login.id : ''
    access.change({ ...options, idleMinutes: 11 })
    expect(access.isOpen(id)).toBe(true)
    access.change({ ...options, users: [{ ...options.users[0]!, role: 'viewer' }] })
    expect(access.isOpen(id)).toBe(false)
  })

  test('is shown by a whole id alone', async () => {
    const { access, begin, shownBy } = start()
    const id = await begin()
    expect(access.visitOf(shownBy('', { cookie: `other=1; mcp_vitals_session=${id}; more=2` }))).toBeDefined()
    for (const cookie of [
      ...['', 'mcp_vitals_session', `mcp_vitals_session=${id.slice(1)}`, `mcp_vitals_session=${id}x`],
      ...[
        `mcp_vitals_session=${id}; mcp_vitals_session=${id}`,
        `x_mcp_vitals_session=${id}`,
        `mcp_vitals_session="${id}"`,
      ],
    ])
      expect(access.visitOf(shownBy('', { cookie })), cookie).toBeUndefined()
  })
})

test('a lock ends, and a right login in between locks nobody', async () => {
  const { access, who, later } = start()
  const guess = () => access.login({ token: 'wrong' }, who)
  expect((await guess()).is).toBe('wrong')
  expect((await access.login({ token: 'right' }, who)).is).toBe('in')
  expect([(await guess()).is, (await guess()).is, (await guess()).is]).toEqual(['wrong', 'wrong', 'locked'])
  expect(await access.login({ token: 'right' }, who)).toEqual({ is: 'locked', waitMs: MINUTE })
  later(MINUTE)
  expect((await access.login({ token: 'right' }, who)).is).toBe('in')
})

test('guesses that come at once are not more than those that come one by one, and too many are turned away', async () => {
  const { access, who } = start()
  const outcomes = await Promise.all(
    Array.from({ length: 40 }, () => access.login({ user: 'kim', password: 'a guess that is wrong' }, who)),
  )
  const count = (is: string) => outcomes.filter((outcome) => outcome.is === is).length
  // Two at a time: the one that was being looked at when the third failed may fail as well.
  expect(count('wrong')).toBeGreaterThanOrEqual(3)
  expect(count('wrong')).toBeLessThanOrEqual(4)
  expect(count('busy')).toBeGreaterThan(0)
  expect(count('wrong') + count('busy') + count('locked')).toBe(40)
})

test('a hash is of one password, however its letters are written, and of no other', async () => {
  const { access, who, options } = start()
  const login = (user: string, password: string) => access.login({ user, password }, who)
  const hashes = { cheap: cheapHash('caf\u00e9 caf\u00e9'), real: await makePasswordHash('caf\u00e9 caf\u00e9') }
  const users = Object.entries(hashes).map(([name, passwordHash]) => ({ name, role: 'viewer' as const, passwordHash }))
  access.change({ ...options, users })
  for (const name of Object.keys(hashes)) expect((await login(name, 'cafe\u0301 cafe\u0301')).is).toBe('in')
  expect((await login('cheap', 'cafe cafe')).is).toBe('wrong')
})

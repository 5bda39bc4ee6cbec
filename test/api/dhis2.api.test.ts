/** What DHIS2 has, and whether it answers. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openConnectionCheck } from '../../src/dhis2/connection-check.ts'
import { openApi, type Api } from '../support/api.ts'

let api: Api
beforeAll(async () => {
  api = await openApi({ patients: 0 })
})
afterAll(() => api.close())

test('DHIS2 answers: which one, and with which account', async () => {
  const { status, body } = await api.call('GET', '/dhis2', { as: [] })
  expect(status).toBe(200)
  expect(body).toEqual({
    url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/$/),
    answers: true,
    problem: null,
    version: expect.stringMatching(/^2\.41/),
    api: 'tracker',
    account: 'Integration Account (sync)',
    checkedAt: expect.any(String),
  })
})

test('metadata by text and program', async () => {
  const { status, body } = await api.call('GET', '/dhis2/search?type=attribute&text=uIc', { as: ['mapping'] })
  expect(status).toBe(200)
  expect(body).toEqual({
    rows: [{ uid: 'TEAUicCode1', name: 'UIC', code: null, valueType: 'TEXT', optionSet: false, unique: true, program: null }],
    more: false,
  })
  const stages = await api.call('GET', '/dhis2/search?type=programStage&program=PRGHtsTest1&limit=1')
  expect(stages.body).toMatchObject({ rows: [{ uid: 'PSTHtsFoll1', program: 'PRGHtsTest1' }], more: true })
})

test('a type that is none, and a user who may not', async () => {
  expect((await api.call('GET', '/dhis2/search?type=user')).body.code).toBe('bad-request')
  expect((await api.call('GET', '/dhis2/search')).body.code).toBe('bad-request')
  expect((await api.call('GET', '/dhis2/search?type=program', { as: ['log'] })).body.code).toBe('forbidden')
})

test('DHIS2 does not let us in: the check says so, and never fails; a search is refused with the reason', async () => {
  const locked = await openApi({ patients: 0, env: { DHIS2_PASSWORD: 'wrong' } })
  const { status, body } = await locked.call('GET', '/dhis2')
  expect(status).toBe(200)
  expect(body).toMatchObject({ answers: false, version: null, api: null, account: null })
  expect(body.problem).toMatch(/does not accept the user name and password/)
  const search = await locked.call('GET', '/dhis2/search?type=program')
  expect([search.status, search.body.code]).toEqual([502, 'dhis2-unavailable'])
  expect(search.body.detail).toMatch(/does not accept the user name and password/)
  await locked.close()
})

test('DHIS2 is away: said at once, though jobs would wait for it; the address is shown without a password in it', async () => {
  const away = await openApi({ patients: 0, env: { DHIS2_URL: 'http://me:secret@127.0.0.1:1/dhis', DHIS2_RETRY_SECONDS: '3600' } })
  const { body } = await away.call('GET', '/dhis2')
  expect(body).toMatchObject({ url: 'http://127.0.0.1:1/dhis', answers: false, problem: expect.stringMatching(/refuses the connection/) })
  expect((await away.call('GET', '/dhis2/search?type=program')).status).toBe(502)
  await away.close()
})

test('many who ask within 30 seconds are one question', async () => {
  let [asked, time] = [0, 0]
  const check = openConnectionCheck(
    async () => {
      asked++
      throw new Error('a defect of ours')
    },
    () => time,
  )
  const [first, second] = await Promise.all([check(), check()])
  expect(first).toBe(second)
  expect(first).toMatchObject({ answers: false, problem: expect.not.stringContaining('defect') })
  time = 29_999
  await check()
  expect(asked).toBe(1)
  time = 30_000
  await check()
  expect(asked).toBe(2)
})

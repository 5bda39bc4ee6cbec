/** What every request meets, whatever its route. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openApi, type Api } from '../support/api.ts'

let api: Api
beforeAll(async () => {
  api = await openApi({ patients: 0 })
})
afterAll(() => api.close())

test('an address that is none is a problem with a sentence and the request’s id', async () => {
  const answer = await api.call('GET', '/api/v1/nothing', { headers: { 'x-request-id': 'mine-1' } })
  expect(answer.status).toBe(404)
  expect(answer.headers.get('content-type')).toMatch('application/problem+json')
  expect(answer.headers.get('x-request-id')).toBe('mine-1')
  expect(answer.body).toEqual({
    type: '/api/docs/problems#not-found',
    title: 'There is no such thing',
    status: 404,
    code: 'not-found',
    detail: 'There is nothing at /api/v1/nothing.',
    requestId: 'mine-1',
  })
})

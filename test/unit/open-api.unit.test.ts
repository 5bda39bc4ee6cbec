/** The OpenAPI document says what the table of routes says. */
import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { PROBLEM_CODES } from '../../src/api/contract/problem.ts'
import type { Operation } from '../../src/api/contract/operation.ts'
import * as contract from '../support/contract.ts'
import { openApiDocument } from '../../src/api/docs/open-api.ts'
import { PROBLEM_MANUAL } from '../../src/api/docs/problem-manual.ts'
import { routes } from '../../src/api/routes.ts'

type Json = any // oxlint-disable-line no-explicit-any -- a document of any shape

const valid = async (document: object) => {
  const { valid: is, errors } = await new Validator().validate(JSON.parse(JSON.stringify(document)))
  expect(errors).toBeUndefined()
  expect(is).toBe(true)
}

test('it is a valid OpenAPI 3.1 document, with the program’s own routes', async () => {
  const document = openApiDocument(routes) as Json
  expect(document.openapi).toBe('3.1.0')
  await valid(document)
})

test('all that the contract declares makes a valid document', async () => {
  await valid(openApiDocument(contract.all))
})

test.each(contract.all.map((route) => [route.name, route.operation] as const))(
  '%s is in it as it is declared',
  (name, operation: Operation) => {
    const document = openApiDocument(contract.all) as Json
    const found = document.paths[operation.path][operation.method]
    expect(found.operationId).toBe(name)
    expect(found['x-required-right']).toEqual(operation.access === 'anyone' ? null : operation.access)
    expect(found.security).toEqual(operation.access === 'anyone' ? [] : [{ session: [] }, { token: [] }])
    expect(found.parameters.filter((p: Json) => p.in === 'path').map((p: Json) => p.name)).toEqual(
      [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter),
    )
    expect(found.parameters.filter((p: Json) => p.in === 'query').map((p: Json) => p.name)).toEqual(
      Object.keys(operation.query?.shape ?? {}),
    )
    expect(Object.keys(found.responses)).toEqual(expect.arrayContaining([...Object.keys(operation.answers), '500']))
    expect('requestBody' in found).toBe(operation.body !== undefined)
  },
)

test('every reference has its component', () => {
  const document = openApiDocument(contract.all) as Json
  const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name!)
  expect(refs.length).toBeGreaterThan(20)
  for (const name of refs) expect(Object.keys(document.components.schemas)).toContain(name)
  expect(JSON.stringify(document)).not.toMatch(/\$defs/)
})

test('what has a default may be left out when it is sent, and is there when it comes', async () => {
  const settings = z.object({ size: z.int().default(5), name: z.string() }).meta({ id: 'Settings' })
  const operation: Operation = { method: 'put', path: '/settings', summary: 'x', access: [], body: settings, answers: { 200: settings } }
  const document = openApiDocument([{ name: 'save', operation, handler: null as never }]) as Json
  const sent = document.paths['/settings'].put.requestBody.content['application/json'].schema.$ref.split('/').at(-1)
  const answered = document.paths['/settings'].put.responses['200'].content['application/json'].schema.$ref.split('/').at(-1)
  const required = (name: string) => document.components.schemas[name].required
  expect([required(sent), required(answered)]).toEqual([['name'], ['size', 'name']])
  await valid(document)
})

describe('the manual of problems', () => {
  test.each(PROBLEM_CODES)('%s has its place', (code) => {
    expect(PROBLEM_MANUAL.split(`id="${code}"`)).toHaveLength(2)
  })
})

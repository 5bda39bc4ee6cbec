/** The table of routes as an OpenAPI 3.1 document. */
import type { z } from 'zod'
import { VERSION } from '../../version.ts'
import { isMedia, PRIVILEGES, type Operation } from '../contract/operation.ts'
import { PROBLEMS, problemSchema } from '../contract/problem.ts'
import type { Route } from '../handler.ts'
import { declaredProblems } from './declared-problems.ts'
import { openComponents, type Components, type JsonSchema } from './json-schema.ts'

const ABOUT = `Everything that the pages of this program do, for scripts and other programs.

Sign in with the cookie of a session, or with a token: \`bahmni-dhis2-sync tokens\` makes one. A request that is refused is answered with
[problem+json](https://www.rfc-editor.org/rfc/rfc9457); [the manual of problems](docs/problems) says what each code means and what to do.`

/** By the beginning of their paths. */
const TAGS: readonly (readonly [RegExp, string])[] = [
  [/^\/(session|login)/, 'Signing in'],
  [/^\/(syncs|last-syncs)/, 'Syncs'],
  [/^\/schedule/, 'Schedules'],
  [/^\/rejected/, 'Rejected records'],
  [/preview/, 'Previews'],
  [/^\/mapping/, 'Mappings'],
  [/^\/mart/, 'The Mart'],
  [/^\/dhis2/, 'DHIS2'],
  [/^\/(logs|audit)/, 'Logs'],
]
const tagOf = (path: string) => TAGS.find(([begin]) => begin.test(path))?.[1] ?? 'The state of the whole'

export function openApiDocument(routes: readonly Route[]): JsonSchema {
  const components = openComponents()
  const problem = components.output(problemSchema)
  const paths: Record<string, Record<string, unknown>> = {}
  for (const { name, operation } of routes)
    (paths[operation.path] ??= {})[operation.method] = operationOf(name, operation, components, problem)
  return components.settle({
    openapi: '3.1.0',
    info: { title: 'Bahmni → DHIS2 sync', version: VERSION, description: ABOUT, license: { name: 'MIT', identifier: 'MIT' } },
    // beside this document, whatever a proxy has before it
    servers: [{ url: 'v1' }],
    tags: [...new Set(routes.map(({ operation }) => tagOf(operation.path)))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'dhis2sync_session',
          description: 'of an account of this program; where OpenMRS is asked, its own cookie reporting_session does as well',
        },
        token: { type: 'http', scheme: 'bearer' },
      },
    },
  })
}

function operationOf(name: string, operation: Operation, components: Components, problem: JsonSchema): JsonSchema {
  const { access, summary, path, params, query, headers, body } = operation
  const rights = access === 'anyone' ? [] : access
  const needs = rights.length === 0 ? null : `Needs ${rights.map((right) => `\`${PRIVILEGES[right]}\``).join(' or ')}.`
  return {
    operationId: name,
    tags: [tagOf(path)],
    summary,
    ...(needs !== null && { description: needs }),
    'x-required-right': access === 'anyone' ? null : rights,
    security: access === 'anyone' ? [] : [{ session: [] }, { token: [] }],
    parameters: [
      ...parameters('path', params, components),
      ...parameters('query', query, components),
      ...parameters('header', headers, components),
    ],
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: components.input(body) } } } }),
    responses: { ...answers(operation, components), ...refusals(operation, problem) },
  }
}

function parameters(where: 'path' | 'query' | 'header', schema: z.ZodObject | undefined, components: Components): JsonSchema[] {
  if (!schema) return []
  const { properties = {}, required = [] } = components.input(schema) as { properties?: Record<string, JsonSchema>; required?: string[] }
  return Object.entries(properties).map(([name, { description, ...property }]) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    ...(description !== undefined && { description }),
    schema: property,
  }))
}

function answers({ answers: declared }: Operation, components: Components): JsonSchema {
  return Object.fromEntries(
    Object.entries(declared).map(([status, schema]) => {
      if (schema === null) return [status, { description: 'Done.' }]
      if (isMedia(schema)) return [status, { description: schema.about, content: { [schema.media]: { schema: { type: 'string' } } } }]
      return [status, { description: SUCCESS[Number(status)], content: { 'application/json': { schema: components.output(schema) } } }]
    }),
  )
}
const SUCCESS: Readonly<Record<number, string>> = { 200: 'The answer.', 201: 'It has been made.', 202: 'It has begun, and goes on.' }

/** Several codes share a status. */
function refusals(operation: Operation, problem: JsonSchema): JsonSchema {
  const byStatus: Record<number, string[]> = {}
  for (const code of declaredProblems(operation)) (byStatus[PROBLEMS[code].status] ??= []).push(code)
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, codes]) => [
      status,
      {
        description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code as keyof typeof PROBLEMS].title}.`).join(' '),
        content: { 'application/problem+json': { schema: problem } },
      },
    ]),
  )
}

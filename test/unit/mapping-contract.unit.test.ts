/** The API's idea of a mapping and the core's are one: what the one takes, the other gives back as it was. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mappingBody, type MappingBody } from '../../src/api/contract/mappings.ts'
import { problemsOf } from '../../src/core/mapping-file-problems.ts'
import { mappingFromParts, mappingParts } from '../../src/core/mapping-file.ts'
import { mappingSchema, type Mapping } from '../../src/core/mapping.ts'

// a compiler's error here: the shapes have parted
const asCore: (body: MappingBody) => Mapping = (body) => body
const asBody: (mapping: Mapping) => MappingBody = (mapping) => mapping

/** Names as relations and columns may have them; entities of HTML are read as what they stand for. */
const name = fc.stringMatching(/^[a-zA-Z0-9 '"<>;%?😀é_-]{0,30}[a-z0-9]$/u).map((text) => text.trim())
const uid = fc.stringMatching(/^[A-Za-z][A-Za-z0-9]{10}$/)
const constant = fc.option(name, { nil: undefined })
const present = (of: Record<string, string | undefined>) =>
  Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined))
const columns = fc
  .uniqueArray(name, { minLength: 1, maxLength: 4 })
  .chain((names) => fc.tuple(...names.map((of) => fc.tuple(fc.constant(of), uid))).map((pairs) => Object.fromEntries(pairs)))
const mapping: fc.Arbitrary<Mapping> = fc
  .record({
    name: fc.stringMatching(/^[\p{L}\p{N}][\p{L}\p{N} ]{0,20}[\p{L}\p{N}]$/u),
    instanceTable: name,
    instanceColumns: columns,
    instanceOrgUnit: constant,
    enrollments: name,
    program: constant,
    events: fc.uniqueArray(fc.record({ table: name, columns, stage: constant }), { minLength: 1, maxLength: 3, selector: (e) => e.table }),
    open: fc.constantFrom('yes' as const, 'no' as const),
    rejected: fc.constantFrom('stop' as const, 'continue' as const),
    chunkSize: fc.option(fc.integer({ min: 1, max: 1000 }), { nil: null }),
    translation: fc.dictionary(
      name,
      fc.string({ maxLength: 5 }).filter((text) => !text.includes('\0')),
      { minKeys: 1, maxKeys: 3 },
    ),
  })
  .map((m) => ({
    name: m.name,
    instance: {
      table: m.instanceTable,
      columns: m.instanceColumns,
      constants: present({ OrgUnit: m.instanceOrgUnit }),
      translations: { [Object.keys(m.instanceColumns)[0]!]: m.translation },
    },
    enrollments: { table: m.enrollments, constants: present({ program: m.program }) },
    events: m.events.map((e) => ({ table: e.table, columns: e.columns, constants: present({ program_stage: e.stage }), translations: {} })),
    searchable: [Object.keys(m.instanceColumns)[0]!],
    comparable: [],
    openLatestCompletedEnrollment: m.open,
    onRejected: m.rejected,
    chunkSize: m.chunkSize,
  }))

test('what the API takes the core takes, and it is read as it was written', () => {
  fc.assert(
    fc.property(mapping, (given) => {
      const body = mappingBody.parse(JSON.parse(JSON.stringify(given)))
      expect(asCore(body)).toEqual(given)
      expect(mappingSchema.parse(body)).toEqual(given)
      expect(problemsOf(mappingParts(body), [body.name])).toEqual([])
      expect(mappingFromParts(mappingParts(body))).toEqual(given)
      expect(mappingBody.parse(asBody(given))).toEqual(given)
    }),
    { numRuns: 300 },
  )
})

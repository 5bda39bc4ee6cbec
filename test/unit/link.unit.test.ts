/** Which of the patient's enrollments does an event belong to? */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { linkEvent } from '../../src/core/link.ts'
import type { EnrollmentRow, EventRow } from '../../src/core/model.ts'
import { enrollment, event, MAPPING } from '../support/clinic.ts'

const march = enrollment({ rowId: 'march', programUniqueId: '7', enrollmentDate: '2024-03-01' })
const april = enrollment({ rowId: 'april', programUniqueId: '8', enrollmentDate: '2024-04-01' })
const tb = enrollment({ rowId: 'tb', programUniqueId: '7', enrollmentDate: '2024-03-01', program: 'PRGTbTreat1' })

const byId = (patientProgramId: string | null, enrollmentDate: string | null = '2024-04-01') =>
  event({}, { patientProgramId, enrollmentDate })

test.each<[string, EventRow, EnrollmentRow[], string | null]>([
  ['by id', byId('7'), [march, april], 'march'],
  ['by id with blanks', byId(' 7 '), [march, april], 'march'],
  ['by id, whatever the date says', byId('7', '2024-04-01'), [march, april], 'march'],
  ['by id, of its own program', byId('7'), [tb, march], 'march'],
  ['by date without an id', byId(null, '2024-04-01'), [march, april], 'april'],
  ['by date with a blank id', byId('', '2024-04-01'), [march, april], 'april'],
  ['by the date of a time', byId(null, '2024-04-01 08:00:00'), [march, { ...april, enrollmentDate: '2024-04-01 00:00:00+02' }], 'april'],
  ['by date, of its own program', byId(null, '2024-03-01'), [tb], null],
  ['an id that no enrollment has', byId('99', '2024-03-01'), [march], null],
  ['a date that no enrollment has', byId(null, '2024-03-02'), [march], null],
  ['neither id nor date', byId(null, null), [march, { ...april, enrollmentDate: null }], null],
  ['a blank date', byId(null, ' '), [march, { ...april, enrollmentDate: ' ' }], null],
  ['no enrollments', byId('7'), [], null],
])('%s', (_name, row, enrollments, expected) => {
  const link = linkEvent(row, enrollments, MAPPING)
  expect('rejection' in link ? null : link.enrollment.rowId).toBe(expected)
  if ('enrollment' in link) expect(link.warning).toBeNull()
})

test('of a further event relation: its table is named', () => {
  const mapping = { ...MAPPING, events: [...MAPPING.events, { ...MAPPING.events[0]!, table: 'hts_follow_up_table' }] }
  const link = linkEvent({ ...byId('99'), source: 1 }, [march], mapping)
  expect('rejection' in link && link.rejection.message).toContain('in hts_follow_up_table has patient_program_id "99"')
  const twice = linkEvent({ ...byId(null, '2024-04-01'), source: 1 }, [april, { ...april, rowId: 'again' }], mapping)
  expect('warning' in twice && twice.warning).toContain('of hts_program_enrollment_table fit this event of hts_follow_up_table')
})

test('several: the newest, with a warning', () => {
  const again = enrollment({ rowId: 'again', programUniqueId: '10', enrollmentDate: '2024-04-01 10:00:00' })
  expect(linkEvent(byId(null, '2024-04-01'), [march, again, april], MAPPING)).toEqual({
    enrollment: again,
    warning:
      '2 enrollments of hts_program_enrollment_table fit this event of hts_program_events_table by enrollment_date "2024-04-01": the newest was taken.',
  })
  const moved = { ...march, rowId: 'moved', enrollmentDate: '2024-03-05' }
  expect(linkEvent(byId('7'), [moved, march], MAPPING)).toMatchObject({
    enrollment: moved,
    warning: expect.stringContaining('patient_program_id "7"'),
  })
})

test.each<[string, EventRow, string, string, string | null]>([
  [
    'by id',
    byId('99'),
    'Patient NAH009786: event 55 of 2024-03-02 in hts_program_events_table has patient_program_id "99", and so fits no enrollment of the patient in hts_program_enrollment_table.',
    'patient_program_id',
    '99',
  ],
  [
    'by date',
    byId(null, '2024-03-02 00:00:00'),
    'Patient NAH009786: event 55 of 2024-03-02 in hts_program_events_table has enrollment_date "2024-03-02", and so fits no enrollment of the patient in hts_program_enrollment_table.',
    'enrollment_date',
    '2024-03-02',
  ],
  [
    'without anything',
    event({}, { patientProgramId: null, enrollmentDate: null, eventUniqueId: null, eventDate: null }),
    'Patient NAH009786: event without an id of no date in hts_program_events_table has no enrollment_date, and so fits no enrollment of the patient in hts_program_enrollment_table.',
    'enrollment_date',
    null,
  ],
])('an event without its enrollment is rejected, %s', (_name, row, message, column, value) => {
  expect(linkEvent(row, [march], MAPPING)).toEqual({
    rejection: expect.objectContaining({ code: 'enrollment-not-found', message, column, value }),
  })
})

test('the order of the enrollments never matters', () => {
  const text = fc.constantFrom(null, '', '7', '07', '10', '9', '5a', 'x')
  const date = fc.constantFrom(null, '', '2024-03-01', '2024-03-01 10:00', '2024-04-01', 'soon')
  const rows = fc
    .array(fc.record({ programUniqueId: text, enrollmentDate: date, program: fc.constantFrom('PRGHtsTest1', 'PRGTbTreat1', null) }), {
      maxLength: 6,
    })
    .map((list) => list.map((over, i) => enrollment({ ...over, rowId: `${i}` })))
  const shuffled = rows.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })))
  fc.assert(
    fc.property(shuffled, text, date, ([list, other], patientProgramId, enrollmentDate) => {
      const row = event({}, { patientProgramId, enrollmentDate })
      const link = linkEvent(row, list, MAPPING)
      expect(linkEvent(row, other, MAPPING)).toEqual(link)
      if ('enrollment' in link) expect(link.enrollment.program).toBe(row.program)
    }),
    { numRuns: 500 },
  )
})

/** What a re-sync leaves alone. */
import { expect, test } from 'vitest'
import { equalsEnrollment, equalsEvent, equalsTrackedEntity } from '../../src/core/compare.ts'
import type { Dhis2Enrollment, Dhis2Event, Dhis2TrackedEntity } from '../../src/core/model.ts'

const te: Dhis2TrackedEntity = {
  trackedEntity: 'T',
  trackedEntityType: 'P',
  orgUnit: 'O',
  attributes: new Map([
    ['A', '1'],
    ['X', 'others'],
  ]),
}
const payload = {
  trackedEntity: 'T',
  trackedEntityType: 'P',
  orgUnit: 'O',
  attributes: [{ attribute: 'A', value: '1' as string | null }],
  exists: true,
}
test.each([
  ['the same; other attributes do not matter', payload, te, true],
  ['another value', { ...payload, attributes: [{ attribute: 'A', value: '2' }] }, te, false],
  ['a value to clear', { ...payload, attributes: [{ attribute: 'X', value: null }] }, te, false],
  ['a value that is cleared already', { ...payload, attributes: [{ attribute: 'Z', value: null }] }, te, true],
  ['another org unit', { ...payload, orgUnit: 'N' }, te, false],
  ['not in DHIS2', payload, undefined, false],
])('tracked entity: %s', (_name, sent, there, same) => expect(equalsTrackedEntity(sent, there)).toBe(same))

const fields = { orgUnit: 'O', enrolledAt: '2024-01-02', occurredAt: '2024-01-01', status: 'ACTIVE' as const }
const enrollment: Dhis2Enrollment = {
  enrollment: 'E',
  trackedEntity: 'T',
  program: 'P',
  orgUnit: 'O',
  status: 'ACTIVE',
  enrolledAt: '2024-01-02T00:00:00.000',
  occurredAt: '2024-01-01T00:00:00.000',
  completedAt: null,
}
test.each([
  ['the same', fields, enrollment, true],
  ['another status', { ...fields, status: 'COMPLETED' as const }, enrollment, false],
  ['another date', { ...fields, enrolledAt: '2024-01-03' }, enrollment, false],
  ['another incident date', { ...fields, occurredAt: '2024-01-03' }, enrollment, false],
  ['another org unit', { ...fields, orgUnit: 'N' }, enrollment, false],
  ['not in DHIS2', fields, null, false],
])('enrollment: %s', (_name, sent, there, same) => expect(equalsEnrollment(sent, there)).toBe(same))

const event = {
  event: 'V',
  programStage: 'S',
  orgUnit: 'O',
  occurredAt: '2024-01-02',
  status: 'COMPLETED' as const,
  dataValues: [{ dataElement: 'D', value: '1' as string | null }],
  exists: true,
}
const found: Dhis2Event = {
  event: 'V',
  enrollment: 'E',
  programStage: 'S',
  orgUnit: 'O',
  occurredAt: '2024-01-02T00:00:00.000',
  status: 'COMPLETED',
  dataValues: new Map([
    ['D', '1'],
    ['X', '9'],
  ]),
}
test.each([
  ['the same; other values do not matter', event, found, true],
  ['another value', { ...event, dataValues: [{ dataElement: 'D', value: '2' }] }, found, false],
  ['a value to clear', { ...event, dataValues: [{ dataElement: 'X', value: null }] }, found, false],
  ['another date', { ...event, occurredAt: '2024-01-03' }, found, false],
  ['another status', { ...event, status: 'ACTIVE' as const }, found, false],
  ['another org unit', { ...event, orgUnit: 'N' }, found, false],
  ['in another enrollment', event, { ...found, enrollment: 'F' }, false],
  ['not in DHIS2', event, undefined, false],
])('event: %s', (_name, sent, there, same) => expect(equalsEvent(sent, 'E', there)).toBe(same))

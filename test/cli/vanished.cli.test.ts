/** `vanished`: what DHIS2 has and the Mart has no more, and that nothing is deleted. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MAPPING, openSite, type Site } from '../support/site.ts'

const NOTICE = 'Nothing is deleted in DHIS2'

let site: Site
beforeAll(async () => {
  site = await openSite({ patients: 2 })
  await site.sync()
})
afterAll(() => site.close())

test('nothing vanished', async () => {
  const ended = await site.run(['vanished', MAPPING.name])
  expect(ended).toMatchObject({ code: 0, err: '' })
  expect(ended.out).toContain('no longer in the Mart: 0 patients, 0 enrollments, 0 events.\n')
})

test('a patient who was voided in Bahmni, as text, CSV and JSON', async () => {
  const { patients, enrollments, visits } = site.clinic
  const gone = patients.splice(1)[0]!.patientId!
  enrollments.splice(1)
  visits.splice(2)
  await site.mart()
  const text = await site.run(['vanished', MAPPING.name])
  expect(text).toMatchObject({ code: 0, err: '' })
  expect(text.out).toContain('1 patient, 1 enrollment, 2 events.')
  expect(text.out).toContain(NOTICE)
  const [row] = await site.db.query<{ instance_id: string; at: Date }>(
    `select instance_id, c.confirmed_at as at from instance_tracker join sync_confirmed c on c.uid = instance_id where patient_id = $1`,
    [gone],
  )
  const csv = await site.run(['vanished', MAPPING.name, '--csv'])
  expect(csv).toMatchObject({ code: 0, err: expect.stringContaining(NOTICE) as string })
  const lines = csv.out.split('\r\n')
  expect(lines).toHaveLength(6)
  expect(lines.slice(0, 2)).toEqual([
    'Kind,Patient,Record,DHIS2 UID,Last confirmed',
    `patient,${gone},${gone},${row!.instance_id},${row!.at.toISOString()}`,
  ])
  const json = await site.run(['vanished', MAPPING.name, '--json'])
  expect(JSON.parse(json.out)).toHaveLength(4)
  expect(json.err).toContain(NOTICE)
  // and DHIS2 keeps them
  expect(await site.db.query('select from instance_tracker')).toHaveLength(2)
})

test('an unknown mapping', async () => {
  expect(await site.run(['vanished', 'None'])).toMatchObject({
    out: '',
    err: expect.stringContaining('There is no mapping "None"') as string,
  })
})

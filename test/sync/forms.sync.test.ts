/** Form tables: a relation for each stage, constants for columns that they lack, answers in the clinic's own words; read back and compared with the model. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EventRelation, Mapping } from '../../src/core/mapping.ts'
import { Clinic, expectedOf, FOLLOW_UP, formsMappingOf, formViews, HTS, INITIAL } from '../support/clinic-model.ts'
import { readBack } from '../support/read-back.ts'
import { openWorld, targetsOfEachApi, type World } from '../support/world.ts'

const RESULT = 'HIV result given to client ?'
const LATER = '2024-05-01 10:00:00'

describe.each(targetsOfEachApi())('$name', (target) => {
  let world: World
  let clinic: Clinic
  let mapping: Mapping
  const mart = () => world.mart([clinic.service('hts', formViews('hts'))])
  const sent = async (options = {}) => {
    const { state, rejected, counts } = await world.sync(mapping.name, options)
    expect({ state, rejected }).toEqual({ state: 'succeeded', rejected: [] })
    return Object.values(counts).map(({ created, updated }) => created + updated)
  }
  beforeAll(async () => {
    world = await openWorld(target)
    clinic = new Clinic(world.tag)
    for (const id of ['a', 'b', 'c']) clinic.healthy(id)
    const woman = clinic.patient('w', { orgUnit: null }, { Gender: ' W ', Phone: '+263 77 456' })
    const enrollment = clinic.enroll(woman, { orgUnit: 'C-03' })
    clinic.visit(enrollment, INITIAL, { orgUnit: null }, { [RESULT]: 'no idea' })
    clinic.visit(enrollment, FOLLOW_UP, {}, { 'Visit number': '0' })
    clinic.visit(enrollment, FOLLOW_UP, { eventDate: '2024-03-09', orgUnit: 'C-07' }, { 'Visit number': '2' })
    const { instance, ...rest } = formsMappingOf('hts', { chunkSize: 3 })
    mapping = { ...rest, instance: { ...instance, constants: { OrgUnit: 'C-01' } } }
    await world.saveMappings([mapping])
    await mart()
  })
  afterAll(() => world.close())

  test('a first sync: DHIS2 has what the forms have, in its own words', async () => {
    expect(await sent()).toEqual([4, 4, 9])
    const there = await readBack(world)
    expect(there).toEqual(expectedOf(clinic, mapping))
    const [woman] = there[`${world.tag}-UIC-w`]!
    expect(woman!.attributes).toMatchObject({ TEAGenderS1: 'Female' })
    expect(woman!.attributes).not.toHaveProperty('TEAPhoneNo1')
    expect(woman!.enrollments[0]!.events.map((e) => [e.date, e.orgUnit, e.values['DEHtsResul1'] ?? e.values['DEFupVisNo1']])).toEqual(
      expect.arrayContaining([
        ['2024-03-02', 'OUClinHre03', 'INCONCLUSIVE'],
        ['2024-03-02', 'OUClinHre02', undefined],
        ['2024-03-09', 'OUClinHre02', '22'],
      ]),
    )
    const steps = await world.db.query(`select chunks_total from sync_step where step = 'patients'`)
    expect(steps, 'patients in a request, as the mapping says').toEqual([{ chunks_total: 2 }])
  })

  test('nothing changed, and relations in another order: no import request', async () => {
    world.imports()
    expect(await sent()).toEqual([0, 0, 0])
    await world.saveMappings([{ ...mapping, events: mapping.events.toReversed() }])
    expect(await sent()).toEqual([0, 0, 0])
    expect(world.imports()).toBe(0)
    await world.saveMappings([mapping])
  })

  test('other translations and another org unit: sent again, and what is translated to nothing is emptied', async () => {
    const [initial, followUp] = mapping.events as [EventRelation, EventRelation]
    const edited: Mapping = {
      ...mapping,
      events: [
        { ...initial, translations: { [RESULT]: { 'no idea': 'POSITIVE' } } },
        { ...followUp, constants: { ...followUp.constants, OrgUnit: 'C-03' }, translations: { 'Visit number': { '0': '', '1': '' } } },
      ],
    }
    await world.saveMappings([edited])
    expect(await sent()).toEqual([0, 0, 9])
    expect(await readBack(world)).toEqual(expectedOf(clinic, edited))
    await world.saveMappings([mapping])
    expect(await sent()).toEqual([0, 0, 9])
    expect(await readBack(world)).toEqual(expectedOf(clinic, mapping))
  })

  test('a bad answer is rejected by the name of its form, its word and its translation; a wrong constant by its name', async () => {
    const [initial, followUp] = mapping.events as [EventRelation, EventRelation]
    const visit = clinic.visits.find((v) => v.programStage === INITIAL)!
    const values = visit.values
    Object.assign(visit, { dateCreated: LATER, values: { ...values, [RESULT]: 'Inconclusive' } })
    await mart()
    const wrong = { ...followUp, constants: { ...followUp.constants, program_stage: 'PSTNowhere1' } }
    await world.saveMappings([{ ...mapping, onRejected: 'continue', events: [initial, wrong] }])
    const { rejected } = await world.sync(mapping.name)
    expect(rejected.find((r) => r.relation === 'hts_initial_table')).toMatchObject({
      code: 'value-not-an-option',
      column: RESULT,
      value: 'Inconclusive',
      message: expect.stringContaining(
        'of hts_initial_table has "Inconclusive" (translated to "unclear"), which is not an option',
      ) as string,
    })
    const others = rejected.filter((r) => r.relation === 'hts_follow_up_table')
    expect(others).toHaveLength(5)
    for (const { code, message } of others) {
      expect(code).toBe('stage-unknown')
      expect(message).toContain('the mapping\'s constant "program_stage" for hts_follow_up_table has "PSTNowhere1"')
    }
    Object.assign(visit, { values })
    await mart()
    await world.saveMappings([mapping])
    expect(await world.sync(mapping.name)).toMatchObject({ state: 'succeeded', rejected: [] })
    expect(await readBack(world)).toEqual(expectedOf(clinic, mapping))
  })

  test('a re-sync finds nothing that differs', async () => {
    world.imports()
    expect(await sent({ resync: true })).toEqual([0, 0, 0])
    expect(world.imports()).toBe(0)
  })

  test('lost tracker tables: no duplicates', async () => {
    await world.db.query('truncate instance_tracker, enrollment_tracker, event_tracker, sync_confirmed, marker')
    await sent()
    expect(await readBack(world)).toEqual(expectedOf(clinic, mapping))
  })

  test.runIf(target.api === 'tracker')('one that DHIS2 refuses is told by the name of its form', async () => {
    const visit = clinic.visits.find((v) => v.programStage === FOLLOW_UP)!
    const [known] = await world.db.query<{ event_id: string }>(
      'select event_id from event_tracker where event_unique_id = $1 and program_stage = $2',
      [visit.eventUniqueId, FOLLOW_UP],
    )
    await world.dhis2('POST', 'tracker?async=false&importStrategy=DELETE', { events: [{ event: known!.event_id }] })
    Object.assign(visit, { dateCreated: LATER, values: { ...visit.values, 'Next appointment': '2024-06-05' } })
    await mart()
    const { rejected } = await world.sync(mapping.name)
    expect(rejected).toMatchObject([
      {
        kind: 'event',
        code: 'gone',
        relation: 'hts_follow_up_table',
        message: expect.stringContaining('the event of hts_follow_up_table was refused by DHIS2') as string,
      },
    ])
    clinic.visits.splice(clinic.visits.indexOf(visit), 1)
    await mart()
  })

  test('an event of the second relation without an id, and one whose enrollment is not there', async () => {
    clinic.visit(clinic.enrollments[0]!, FOLLOW_UP, { eventUniqueId: null, dateCreated: LATER })
    const lost = clinic.visit({ ...clinic.enrollments[0]!, programUniqueId: '999' }, FOLLOW_UP, { dateCreated: LATER })
    await mart()
    const { rejected } = await world.sync(mapping.name)
    const told = Object.fromEntries(rejected.map((r) => [r.code, r]))
    expect(Object.keys(told).toSorted()).toEqual(['enrollment-not-found', 'identifier-missing'])
    expect(told['enrollment-not-found']).toMatchObject({
      recordKey: `${HTS}/${FOLLOW_UP}/${lost.eventUniqueId}`,
      relation: 'hts_follow_up_table',
      message: expect.stringContaining('in hts_follow_up_table has patient_program_id "999"') as string,
    })
    expect(told['identifier-missing']!.message).toContain('has no event_unique_id in hts_follow_up_table')
  })
})

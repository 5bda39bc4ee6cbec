/**
 * Records that DHIS2 cannot digest: whatever request they are in is answered without a word about its objects. The guilty ones stand alone as rejected in
 * the end, with what belongs to them; everything else is delivered.
 */
import { describe, expect, test } from 'vitest'
import { Clinic, expectedOf, FOLLOW_UP, INITIAL, mappingOf } from '../support/clinic-model.ts'
import { says, startDhis2Proxy } from '../support/dhis2-proxy.ts'
import { figuresOf } from '../support/figures.ts'
import { dice, type Dice } from '../support/history.ts'
import { brokenInvariants } from '../support/invariants.ts'
import { readBack } from '../support/read-back.ts'
import { openWorld, targetsOfEachApi, type World } from '../support/world.ts'
import { seedsOf } from './extent.ts'

const ANSWERS = {
  'HTTP 500': says(500, {}, '{"httpStatusCode":500,"status":"ERROR","message":"could not execute statement"}'),
  'HTTP 500 and a page': says(500, { 'content-type': 'text/html' }, '<html><h1>HTTP Status 500</h1></html>'),
  'HTTP 400': says(400, {}, '{"httpStatusCode":400,"status":"ERROR","message":"Cannot deserialize"}'),
  'HTTP 413': says(413, { 'content-type': 'text/html' }, '<html>Request Entity Too Large</html>'),
  'HTTP 409 without a report': says(409, {}, '{"httpStatusCode":409,"status":"ERROR","message":"An error occurred"}'),
  'HTTP 200 without a report': says(200, {}, '{}'),
}
const PATIENTS = 9
/** what is in every request with a guilty record of this kind, and in no other */
const POISON = { trackedEntity: 'Hemlock', enrollment: '2017-07-07', event: '2029-09-09' } as const
type Kind = keyof typeof POISON

/** A Mart with up to three guilty records; who is guilty, and what is left when they and theirs are taken away. */
function poisonedClinic(tag: string, d: Dice): { clinic: Clinic; healthy: Clinic; rejected: string[] } {
  const [clinic, healthy] = [new Clinic(tag), new Clinic(tag)]
  const rejected: string[] = []
  const guilty = new Map(Array.from({ length: 1 + d.below(3) }, () => [d.below(PATIENTS), d.pick(Object.keys(POISON) as Kind[])] as const))
  for (let i = 0; i < PATIENTS; i++) {
    const what = guilty.get(i)
    const patient = clinic.patient(`p${i}`, {}, what === 'trackedEntity' ? { 'First Name': POISON.trackedEntity } : {})
    if (what === 'trackedEntity') rejected.push(`undigestible ${patient.patientId}`)
    else healthy.patients.push(patient)
    const enrollment = clinic.enroll(patient, {
      status: d.pick(['ACTIVE', 'COMPLETED', 'CANCELLED']),
      ...(what === 'enrollment' && { incidentDate: POISON.enrollment }),
    })
    const lost = what === 'trackedEntity' || what === 'enrollment'
    if (lost) rejected.push(`${what === 'enrollment' ? 'undigestible' : 'parent-rejected'} ${enrollment.programUniqueId}`)
    else healthy.enrollments.push(enrollment)
    for (const stage of [INITIAL, FOLLOW_UP, FOLLOW_UP].slice(0, d.below(4))) {
      const visit = clinic.visit(enrollment, stage)
      if (lost) rejected.push(`parent-rejected ${visit.eventUniqueId}`)
      else healthy.visits.push(visit)
    }
    if (what === 'event')
      rejected.push(`undigestible ${clinic.visit(enrollment, FOLLOW_UP, {}, { 'Next appointment': POISON.event }).eventUniqueId}`)
  }
  return { clinic, healthy, rejected }
}

describe.each(targetsOfEachApi())('$name', (target) => {
  test.for(['trackedEntity', 'enrollment'] as const)(
    'a whole chunk of it (%s): the run fails, for DHIS2 may be out of order; the next one goes on with the others',
    async (what, context) => {
      const figures = figuresOf(context)
      let isPoisonous = true
      let world: World | undefined
      const proxy = await startDhis2Proxy({
        target: () => world!.url,
        atRequest(_n, { method, body }) {
          if (!isPoisonous || method !== 'POST' || !body.includes(POISON[what])) return 'go on'
          figures.disturbed++
          return ANSWERS['HTTP 500']
        },
      })
      // the guilty five have a chunk of their own
      world = await openWorld(target, { DHIS2_URL: proxy.url, SYNC_CHUNK_SIZE: '5' })
      const [clinic, healthy] = [new Clinic(world.tag), new Clinic(world.tag)]
      for (let i = 0; i < 10; i++) {
        const bad = i < 5
        const patient = clinic.patient(`p${i}`, {}, bad && what === 'trackedEntity' ? { 'First Name': POISON.trackedEntity } : {})
        const enrollment = clinic.enroll(patient, bad && what === 'enrollment' ? { incidentDate: POISON.enrollment } : {})
        const visit = clinic.visit(enrollment, INITIAL)
        if (!bad || what !== 'trackedEntity') healthy.patients.push(patient)
        if (bad) continue
        healthy.enrollments.push(enrollment)
        healthy.visits.push(visit)
      }
      const mapping = mappingOf('hts', { onRejected: 'continue' })
      await world.saveMappings([mapping])
      await world.mart([clinic.service('hts')])
      const failure = expect.stringMatching(/^DHIS2 refused a whole request with HTTP 500\./) as string
      // an event alone is digested, and refused for want of its enrollment: so this DHIS2 is well
      const saysSomething = what === 'enrollment' && target.api === 'tracker'
      expect(await world.sync(mapping.name)).toMatchObject(saysSomething ? { state: 'succeeded' } : { state: 'failed', failure })
      const next = await world.sync(mapping.name)
      expect(next).toMatchObject({ state: 'succeeded' })
      expect(next.rejected.filter((r) => r.kind === what).map((r) => r.code)).toEqual(Array(5).fill('undigestible'))
      expect(await readBack(world)).toEqual(expectedOf(healthy, mapping))
      expect(await brokenInvariants(world)).toEqual([])

      isPoisonous = false
      expect(await world.sync(mapping.name)).toMatchObject({ state: 'succeeded', rejected: [] })
      expect(await readBack(world)).toEqual(expectedOf(clinic, mapping))
      figures.syncs += 3
      await world.close()
      await proxy.close()
    },
  )

  describe.concurrent('seed', () => {
    test.for(seedsOf(30))('%i', async (seed, context) => {
      const figures = figuresOf(context)
      const d = dice(seed)
      const answer = d.pick(Object.keys(ANSWERS) as (keyof typeof ANSWERS)[])
      let isPoisonous = true
      let world: World | undefined
      const proxy = await startDhis2Proxy({
        target: () => world!.url,
        atRequest(_n, { method, body }) {
          if (!isPoisonous || method !== 'POST' || !Object.values(POISON).some((word) => body.includes(word))) return 'go on'
          figures.disturbed++
          return ANSWERS[answer]
        },
      })
      world = await openWorld(target, { DHIS2_URL: proxy.url, SYNC_CHUNK_SIZE: String(2 + d.below(PATIENTS)) })
      const { clinic, healthy, rejected } = poisonedClinic(world.tag, d)
      const mapping = mappingOf('hts', { onRejected: 'continue' })
      await world.saveMappings([mapping])
      await world.mart([clinic.service('hts')])

      const report = await world.sync(mapping.name)
      expect(`${report.state} ${report.failure ?? ''}`, answer).toBe('succeeded ')
      expect(report.rejected.map((r) => `${r.code} ${r.recordKey.split('/').at(-1)}`).toSorted(), answer).toEqual(rejected.toSorted())
      expect(await readBack(world)).toEqual(expectedOf(healthy, mapping))
      expect(await brokenInvariants(world)).toEqual([])

      isPoisonous = false
      expect(await world.sync(mapping.name)).toMatchObject({ state: 'succeeded', rejected: [] })
      expect(await readBack(world)).toEqual(expectedOf(clinic, mapping))
      expect(await brokenInvariants(world)).toEqual([])
      figures.syncs += 2
      await world.close()
      await proxy.close()
    })
  })
})

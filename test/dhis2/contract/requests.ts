import { expect } from 'vitest'
import { CLINIC, enrollment, event, person, readPerson, sendEnrollments, sendEvents, sendPersons, verdict } from './speak.ts'
import { basic, type ContractCase, LEGACY, TRACKER, uid } from './target.ts'

/** What is about requests as a whole: logging in, bad ones, dry runs, jobs. */
export const requestCases: readonly ContractCase[] = [
  {
    title: 'who may come in: password, session, nobody',
    async run(target) {
      const wrong = await target.request('GET', '/api/me', undefined, basic('sync', 'wrong'))
      expect([wrong.status, wrong.body.message]).toEqual([401, 'Unauthorized'])
      const nobody = await target.request('GET', '/api/me', undefined, '')
      expect(nobody.status).toBe(302)
      const admin = await target.request('GET', '/api/me?fields=id', undefined, basic('admin', 'district'))
      expect(admin.status).toBe(200)
      expect(admin.headers.get('set-cookie')).toMatch(/JSESSIONID=/)
    },
  },
  {
    title: 'GET /api/me with a Content-Type and no body fails on 2.30',
    async run(target) {
      const answer = await target.request('GET', '/api/me?fields=id', undefined, basic('sync', 'Sync-2024!pw'), {
        'Content-Type': 'application/json',
      })
      expect(answer.status).toBe(target.minor === 30 ? 500 : 200)
    },
  },
  {
    title: 'a personal access token: good, mistyped, deleted',
    on: TRACKER,
    async run(target) {
      const made = await target.request('POST', '/api/apiToken', {})
      expect(made.status).toBe(201)
      const { key, uid: id } = made.body.response
      const ask = (token: string): Promise<{ status: number }> => target.request('GET', '/api/me?fields=id', undefined, `ApiToken ${token}`)
      expect((await ask(key)).status).toBe(200)
      expect((await ask(`${key.slice(0, -1)}${key.endsWith('1') ? '2' : '1'}`)).status).toBe(400)
      await target.request('DELETE', `/api/apiToken/${id}`)
      expect((await ask(key)).status).toBe(401)
    },
  },
  {
    title: 'broken JSON, unknown strategy, unknown path',
    async run(target) {
      const path = target.api === 'legacy' ? '/api/trackedEntityInstances' : '/api/tracker?async=false'
      expect((await target.request('POST', path, '{"trackedEntities":[{')).status).toBe(target.api === 'legacy' ? 409 : 400)
      const strategy =
        target.api === 'legacy' ? '/api/trackedEntityInstances?strategy=NONSENSE' : '/api/tracker?async=false&importStrategy=NONSENSE'
      expect((await target.request('POST', strategy, {})).status).toBe(target.minor === 30 ? 500 : 400)
      expect((await target.get('/api/trackedEntityInstancesX')).status).toBe(404)
      expect((await target.get('/api/trackedEntityInstances/TNowhere001')).status).toBe(404)
    },
  },
  {
    title: 'an empty list is well',
    async run(target) {
      const answer = await sendPersons(target, [])
      expect([answer.status, answer.body.status]).toEqual([200, 'OK'])
    },
  },
  {
    title: 'the legacy API is gone in 2.42, the tracker API not there in 2.30',
    async run(target) {
      const legacy = await target.get('/api/trackedEntityInstances/TNowhere001')
      const gone = target.minor > 41
      expect([legacy.status, typeof legacy.body]).toEqual([404, gone ? 'string' : 'object'])
      if (target.minor === 30) expect((await target.request('POST', '/api/tracker', {})).status).toBe(404)
    },
  },
  {
    title: 'importMode=VALIDATE tells all and saves nothing',
    on: TRACKER,
    async run(target) {
      const [good, bad] = [person({ enrollments: [enrollment({ events: [event()] })] }), person({ attributes: { TEAGenderS1: 'Femle' } })]
      const fine = await sendPersons(target, [good], { more: '&importMode=VALIDATE' })
      expect([fine.status, fine.body.status, fine.body.validationReport.errorReports, fine.body.bundleReport]).toEqual([
        200,
        'OK',
        [],
        { typeReportMap: {} },
      ])
      const answer = await sendPersons(target, [good, bad], { more: '&importMode=VALIDATE' })
      expect(verdict(target, answer, bad.uid)).toBe('refused E1125')
      expect(await readPerson(target, good.uid)).toBeNull()
      expect((await sendPersons(target, [good], { more: '&importMode=VALIDATION' })).status).toBe(400)
    },
  },
  {
    title: 'dryRun=true saves persons and enrollments all the same; events fail on 2.30',
    on: LEGACY,
    async run(target) {
      const one = person()
      await sendPersons(target, [one], { more: '&dryRun=true' })
      expect(await readPerson(target, one.uid)).not.toBeNull()
      const own = enrollment()
      await sendEnrollments(target, one.uid, [own], { more: '&dryRun=true' })
      const dry = event()
      const answer = await sendEvents(target, one.uid, own.uid, [dry], { more: '&dryRun=true' })
      expect(answer.status).toBe(target.minor === 30 ? 500 : 200)
      expect((await readPerson(target, one.uid))?.enrollments).toMatchObject([{ uid: own.uid, events: [] }])
    },
  },
  {
    title: 'asynchronous import: a job and its report',
    on: TRACKER,
    async run(target) {
      const id = uid()
      const body = { trackedEntities: [{ trackedEntity: id, trackedEntityType: 'TETPerson01', orgUnit: CLINIC, attributes: [] }] }
      const answer = await target.request('POST', '/api/tracker?importStrategy=CREATE_AND_UPDATE', body)
      expect([answer.status, answer.body.message]).toEqual([200, 'Tracker job added'])
      const job = answer.body.response.id
      await expect
        .poll(async () => (await target.get(`/api/tracker/jobs/${job}/report`)).status, { timeout: 50_000, interval: 500 })
        .toBe(200)
      const report = await target.get(`/api/tracker/jobs/${job}/report`)
      expect(verdict(target, report, id)).toBe('saved')
      expect(Array.isArray((await target.get(`/api/tracker/jobs/${job}`)).body)).toBe(true)
      expect((await target.get('/api/tracker/jobs/JNowhere001/report')).status).toBe(404)
    },
  },
  {
    title: 'flat lists are the same as nested ones',
    on: TRACKER,
    async run(target) {
      const [who, own, what] = [uid(), uid(), uid()]
      const answer = await target.request('POST', '/api/tracker?async=false', {
        trackedEntities: [
          { trackedEntity: who, trackedEntityType: 'TETPerson01', orgUnit: CLINIC, attributes: [{ attribute: 'TEAUicCode1', value: who }] },
        ],
        enrollments: [
          {
            enrollment: own,
            trackedEntity: who,
            program: 'PRGHtsTest1',
            orgUnit: CLINIC,
            enrolledAt: '2024-03-01',
            occurredAt: '2024-03-01',
          },
        ],
        events: [
          {
            event: what,
            enrollment: own,
            programStage: 'PSTHtsFoll1',
            orgUnit: CLINIC,
            status: 'ACTIVE',
            occurredAt: '2024-03-02',
            dataValues: [],
          },
        ],
      })
      expect(answer.body.stats).toEqual({ created: 3, updated: 0, deleted: 0, ignored: 0, total: 3 })
      expect((await readPerson(target, who))?.enrollments).toMatchObject([{ uid: own, status: 'ACTIVE', events: [{ uid: what }] }])
    },
  },
  {
    title: 'uids "" : made anew, or the request is lost',
    async run(target) {
      const answer = await sendPersons(target, [person({ uid: '' })])
      const uids =
        target.api === 'legacy'
          ? answer.body.response.importSummaries.map((summary: { reference: string }) => summary.reference)
          : answer.body.bundleReport?.typeReportMap.TRACKED_ENTITY.objectReports.map((object: { uid: string }) => object.uid)
      if (target.minor > 41) expect(answer.status).toBe(400)
      else expect(uids).toEqual([expect.stringMatching(/^[A-Za-z][A-Za-z0-9]{10}$/)])
    },
  },
]

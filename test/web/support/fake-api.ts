/** An HTTP API in memory with the contract's checks: what pages show in states that the whole program reaches slowly or seldom. */
import { randomUUID } from 'node:crypto'
import express from 'express'
import { operations, type AllOperations } from '../../../dashboard/operations.ts'
import { ApiProblem, problemBody, problemOf } from '../../../src/api/api-problem.ts'
import { PROBLEMS } from '../../../src/api/contract/problem.ts'
import { STEP_NAMES } from '../../../src/api/contract/syncs.ts'
import { RIGHTS, type Right } from '../../../src/api/contract/operation.ts'
import { routesOf, type ApiContext, type Handlers } from '../../../src/api/handler.ts'
import { apiRouter } from '../../../src/api/router.ts'
import { listen } from '../../../src/api/server.ts'
import { securityHeaders } from '../../../src/api/security-headers.ts'
import { belowBahmnisPath, BUILT_UI, webUi } from '../../../src/api/static.ts'
import {
  because,
  DHIS2,
  mapping,
  noCounts,
  rejectedRecords,
  RELATIONS,
  type Answer,
  type Detail,
  type Mapping,
  type Rejected,
  type Sync,
} from './fake-data.ts'

type Log = Answer<'listLogs'>['rows'][number]
type Schedule = Answer<'listSchedules'>['rows'][number]

/** Tests read and change it. */
export interface FakeState {
  signedIn: boolean
  rights: readonly Right[]
  login: { local: boolean; openmrsLoginUrl: string | null; setup: string | null }
  mappings: Map<string, { mapping: Mapping; etag: string }>
  syncs: Map<string, Detail>
  /** milliseconds that a sync takes */
  syncMs: number
  rejected: Rejected[]
  logs: Log[]
  schedules: Map<string, Schedule>
  dhis2Up: boolean
  /** operations that fail, with their problem */
  broken: Map<keyof AllOperations, ApiProblem>
  /** operations that answer late, in ms */
  slow: Map<keyof AllOperations, number>
  asked: { name: string; body: unknown }[]
}

export interface FakeApi {
  url: string
  state: FakeState
  close: () => Promise<void>
}

const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString()
const PASSWORD = 'a good password'

export function fakeState(): FakeState {
  const done = ended('HTS Service', 95, 'succeeded')
  done.counts = {
    trackedEntity: { created: 280, updated: 12, unchanged: 26, rejected: 2, adopted: 0 },
    enrollment: { created: 291, updated: 9, unchanged: 20, rejected: 0, adopted: 4 },
    event: { created: 1480, updated: 61, unchanged: 102, rejected: 5, adopted: 0 },
  }
  done.steps = done.steps.map((step) =>
    step.name === 'patients'
      ? { ...step, counts: { ...noCounts(), trackedEntity: done.counts.trackedEntity } }
      : step.name === 'new-completed'
        ? { ...step, counts: { ...noCounts(), enrollment: done.counts.enrollment, event: done.counts.event } }
        : step,
  )
  const failed = ended('TB Service', 60 * 26, 'failed')
  failed.failure = 'DHIS2 does not answer at https://dhis2.example.org. Check the network, then sync again.'
  const log = (id: number, over: Partial<Log>): Log => ({
    id,
    service: 'HTS Service',
    user: 'superman',
    comments: 'Validated',
    status: 'success',
    statusInfo: '',
    at: ago(id),
    from: null,
    to: null,
    syncId: null,
    ...over,
  })
  return {
    signedIn: true,
    rights: RIGHTS,
    login: { local: true, openmrsLoginUrl: null, setup: null },
    mappings: new Map(
      [
        mapping('HTS Service', 'hts'),
        mapping('TB Service', 'tb', { openLatestCompletedEnrollment: 'yes' }),
        mapping('Patient Program', 'hts'),
      ].map((m) => [m.name, { mapping: m, etag: '"1"' }]),
    ),
    syncs: new Map([done, failed].map((sync) => [sync.id, sync])),
    syncMs: 4000,
    rejected: rejectedRecords(done.id, ago(95)),
    logs: [
      log(95, { statusInfo: '7 records were rejected', syncId: done.id, at: ago(5) }),
      log(94, {
        service: 'TB Service',
        status: 'failed',
        statusInfo:
          'DHIS has another active enrollment going on. Can’t complete this enrollment. BAHMNI enrollment id: QjLT8KzQo68 and DHIS enrollment id: k5KwjTBmt6Q, Please contact Admin team.',
        at: ago(7),
        from: '2026-01-01',
        to: '2026-03-31',
      }),
      ...Array.from({ length: 70 }, (_, i) =>
        log(93 - i, { at: ago(60 * 24 * (i + 2)), statusInfo: i % 3 ? '' : 'No delta data to sync.' }),
      ),
    ],
    schedules: new Map([
      ['HTS Service', schedule('HTS Service', { cron: '0 2 * * *', timeZone: 'Africa/Harare', paused: false, comment: 'Nightly sync' })],
    ]),
    dhis2Up: true,
    broken: new Map(),
    slow: new Map(),
    asked: [],
  }
}

function ended(name: string, minutes: number, state: Sync['state']): Detail {
  return {
    ...newSync(name, { comment: 'Validated on Friday' }),
    state,
    startedAt: ago(minutes),
    endedAt: ago(minutes - 2),
    createdAt: ago(minutes),
    percent: state === 'succeeded' ? 100 : 35,
    recordsPerSecond: 18.4,
    steps: stepsAt(state === 'succeeded' ? 1 : 0.35, ago(minutes), state),
  }
}

function newSync(name: string, over: Partial<Detail>): Detail {
  return {
    id: randomUUID(),
    mapping: name,
    state: 'queued',
    user: 'superman',
    comment: '',
    dryRun: false,
    resync: false,
    retry: false,
    from: null,
    to: null,
    cancelRequested: false,
    failure: null,
    createdAt: new Date().toISOString(),
    startedAt: null,
    endedAt: null,
    counts: noCounts(),
    steps: stepsAt(0, new Date().toISOString(), 'queued'),
    percent: 0,
    recordsPerSecond: null,
    secondsLeft: null,
    ...over,
  }
}

/** The steps of a sync of which this share is done. */
function stepsAt(share: number, startedAt: string, state: Sync['state']): Detail['steps'] {
  return STEP_NAMES.map((name, i) => {
    const done = Math.min(1, Math.max(0, share * STEP_NAMES.length - i))
    const going = state === 'failed' ? 'failed' : 'running'
    return {
      name,
      state: done >= 1 ? 'succeeded' : done > 0 ? going : state === 'failed' ? 'skipped' : 'queued',
      chunks: name === 'snapshot' || name === 'finish' ? 0 : 20,
      chunksDone: name === 'snapshot' || name === 'finish' ? 0 : Math.floor(done * 20),
      counts: noCounts(),
      failure: null,
      startedAt: done > 0 ? startedAt : null,
      endedAt: done >= 1 ? startedAt : null,
    }
  })
}

const schedule = (name: string, body: Pick<Schedule, 'cron' | 'timeZone' | 'paused' | 'comment'>): Schedule => ({
  ...body,
  mapping: name,
  next: [1, 2, 3, 4, 5].map((day) => new Date(Date.now() + day * 86_400_000).toISOString()),
  lastSync: null,
  lastMissed: null,
  modifiedBy: 'superman',
  modifiedAt: ago(3000),
})

/** Time goes on for the syncs that are running. */
function advance(state: FakeState): void {
  for (const [id, sync] of state.syncs) {
    if (sync.endedAt !== null) continue
    const startedAt = sync.startedAt ?? sync.createdAt
    const share = Math.min(1, (Date.now() - new Date(startedAt).getTime()) / state.syncMs)
    const over = sync.cancelRequested || share >= 1
    const total = Math.round(share * 400)
    const next: Detail = {
      ...sync,
      startedAt,
      state: sync.cancelRequested ? 'cancelled' : over ? 'succeeded' : 'running',
      failure: sync.cancelRequested ? 'Cancelled' : null,
      endedAt: over ? new Date().toISOString() : null,
      percent: Math.floor(share * 100),
      recordsPerSecond: 42,
      secondsLeft: over ? null : Math.ceil(((1 - share) * state.syncMs) / 1000),
      counts: { ...noCounts(), event: { ...noCounts().event, created: total } },
      steps: stepsAt(share, startedAt, over ? 'succeeded' : 'running'),
    }
    state.syncs.set(id, next)
    if (over)
      state.logs.unshift({
        id: 1000 + state.logs.length,
        service: sync.mapping,
        user: sync.user,
        comments: sync.comment,
        status: over && !sync.cancelRequested ? 'success' : 'failed',
        statusInfo: next.failure ?? '',
        at: next.endedAt,
        from: sync.from,
        to: sync.to,
        syncId: id,
      })
  }
}

const summaryOf = ({ steps: _1, percent: _2, recordsPerSecond: _3, secondsLeft: _4, ...sync }: Detail): Sync => sync

function handlersOf(state: FakeState): Handlers<AllOperations> {
  const mappingOf = (name: string) => {
    const found = state.mappings.get(name)
    if (!found) throw new ApiProblem('not-found', `There is no mapping "${name}".`)
    return found
  }
  const stored = (found: { mapping: Mapping; etag: string }) => ({
    ...found,
    createdBy: 'admin',
    createdAt: ago(9000),
    modifiedBy: 'superman',
    modifiedAt: ago(4000),
  })
  const syncOf = (id: string) => {
    advance(state)
    const found = state.syncs.get(id)
    if (!found) throw new ApiProblem('not-found', 'There is no such sync.')
    return found
  }
  const activeOf = (name: string) => {
    advance(state)
    return [...state.syncs.values()].find((sync) => sync.mapping === name && sync.endedAt === null) ?? null
  }
  const begin = (name: string, over: Partial<Detail>) => {
    mappingOf(name)
    const active = activeOf(name)
    if (active) throw new ApiProblem('sync-active', `A sync of ${name} by ${active.user} is going on.`, { syncId: active.id })
    const sync = newSync(name, over)
    state.syncs.set(sync.id, sync)
    return sync
  }
  const needDhis2 = () => {
    if (!state.dhis2Up) throw new ApiProblem('dhis2-unavailable', 'DHIS2 does not answer at https://dhis2.example.org. Check the network.')
  }
  const fits = (
    r: Rejected,
    f: Partial<Record<'mapping' | 'code' | 'cause' | 'patient' | 'sync' | 'state' | 'kind', string | undefined>>,
  ) =>
    (!f.mapping || r.mapping === f.mapping) &&
    (!f.cause || r.code === f.cause) &&
    (!f.state || r.state === f.state) &&
    (!f.kind || r.kind === f.kind) &&
    (!f.sync || r.syncId === f.sync) &&
    (!f.patient || (r.patientId ?? '').includes(f.patient))
  const chosen = (body: { ids?: string[] | undefined; filter?: object | undefined }) =>
    state.rejected.filter((r) => (body.ids ? body.ids.includes(r.id) : fits(r, body.filter ?? {})))
  const session = () => ({
    user: 'superman',
    rights: [...state.rights],
    via: state.login.openmrsLoginUrl === null ? ('local' as const) : ('openmrs' as const),
    expiresAt: null,
  })
  const findingsOf = (m: Mapping) => {
    const known = new Set([...DHIS2.attribute, ...DHIS2.dataElement].map(({ uid }) => uid))
    const wrong = (part: 'instance' | 'events', index: number | null, columns: Readonly<Record<string, string>>) =>
      Object.entries(columns)
        .filter(([, uid]) => uid !== '' && !known.has(uid))
        .map(([column, uid]) => ({
          severity: 'error' as const,
          part,
          index,
          relation: part === 'instance' ? m.instance.table : (m.events[index ?? 0]?.table ?? null),
          field: 'uid' as const,
          column,
          message: `DHIS2 has no field with the UID "${uid}".`,
          remedy: 'Correct the UID of this column.',
        }))
    return {
      findings: [...wrong('instance', null, m.instance.columns), ...m.events.flatMap((e, i) => wrong('events', i, e.columns))],
      checkedAgainstDhis2: state.dhis2Up,
      dhis2Problem: state.dhis2Up ? null : 'DHIS2 does not answer at https://dhis2.example.org.',
    }
  }
  const csv = async function* () {
    yield 'a,b\n1,2\n'
  }
  const saved = (m: Mapping, etag: string) => {
    state.mappings.set(m.name, { mapping: m, etag })
    return stored(state.mappings.get(m.name)!)
  }
  return {
    readLoginOptions: async () => ({ status: 200, body: state.login }),
    readSession: async () => ({ status: 200, body: session() }),
    signIn: async ({ body }) => {
      if (body.password !== PASSWORD) throw new ApiProblem('wrong-password', 'The user name or the password is wrong.')
      state.signedIn = true
      return { status: 200, body: session() }
    },
    signOut: async () => {
      state.signedIn = false
      return { status: 204 }
    },
    signOutEverywhere: async () => ({ status: 204 }),
    readStatus: async () => ({
      status: 200,
      body: {
        dhis2: state.dhis2Up
          ? { ok: true, text: 'DHIS2 2.41 answers at https://dhis2.example.org.' }
          : { ok: false, text: 'DHIS2 does not answer at https://dhis2.example.org. Check the network.' },
        mart: { ok: true, text: 'The Mart has 8 tables.' },
        queue: { ok: true, text: 'One worker is at work.' },
        openRejected: state.rejected.filter((r) => r.state === 'open').length,
        checkedAt: ago(0),
      },
    }),
    readStatistics: async ({ query }) => ({
      status: 200,
      body: {
        rows: Array.from({ length: query.days }, (_, i) => ({
          day: ago(60 * 24 * (query.days - 1 - i)).slice(0, 10),
          created: (i * 37) % 240,
          updated: (i * 53) % 90,
          unchanged: (i * 29) % 160,
          rejected: i % 5 === 0 ? 6 + i : 0,
        })).filter((_, i) => i % 7 !== 5),
      },
    }),
    readSettings: async () => ({
      status: 200,
      body: {
        settings: [
          { name: 'DHIS2_URL', value: 'https://dhis2.example.org', meaning: 'address of DHIS2, without /api', isDefault: false },
          { name: 'DHIS2_PASSWORD', value: '********', meaning: 'its password', isDefault: false },
          { name: 'SYNC_CONCURRENCY', value: '2', meaning: 'requests that write to DHIS2 at a time', isDefault: true },
        ],
        versions: [
          { name: 'bahmni-dhis2-sync', version: '0.1.0' },
          { name: 'Node', version: process.version },
          { name: 'PostgreSQL', version: '18.0' },
        ],
      },
    }),
    runChecks: async () => ({
      status: 200,
      body: {
        checks: [
          { name: 'Database', ok: true, text: 'PostgreSQL 18 answers.', ms: 4 },
          {
            name: 'DHIS2',
            ok: state.dhis2Up,
            text: state.dhis2Up ? 'DHIS2 2.41 answers.' : 'DHIS2 does not answer at https://dhis2.example.org. Check the network.',
            ms: 120,
          },
          { name: 'Mapping HTS Service', ok: true, text: 'It fits the Mart and DHIS2.', ms: 87 },
        ],
      },
    }),
    readDhis2: async () => ({
      status: 200,
      body: {
        url: 'https://dhis2.example.org',
        answers: state.dhis2Up,
        problem: state.dhis2Up ? null : 'DHIS2 does not answer.',
        version: state.dhis2Up ? '2.41.3' : null,
        api: state.dhis2Up ? 'tracker' : null,
        account: state.dhis2Up ? 'sync' : null,
        checkedAt: ago(0),
      },
    }),
    searchDhis2: async ({ query }) => {
      needDhis2()
      const text = query.text.toLowerCase()
      const rows = DHIS2[query.type].filter((f) => [f.name, f.code ?? '', f.uid].some((part) => part.toLowerCase().includes(text)))
      return { status: 200, body: { rows: rows.slice(0, query.limit), more: rows.length > query.limit } }
    },
    listRelations: async ({ query }) => ({
      status: 200,
      body: {
        rows: Object.keys(RELATIONS)
          .filter((name) => name.includes(query.search ?? ''))
          .map((name) => ({ name, type: 'table' as const })),
      },
    }),
    listColumns: async ({ params }) => {
      const columns = RELATIONS[params.relation]
      if (!columns) throw new ApiProblem('not-found', `The Mart has no relation "${params.relation}".`)
      return {
        status: 200,
        body: {
          rows: columns.map((name) => ({
            name,
            type: /date/i.test(name) ? 'date' : 'text',
            samples: state.rights.includes('upload') ? ['one', 'two'] : null,
          })),
        },
      }
    },
    listMappings: async ({ query }) => ({
      status: 200,
      body: {
        rows: [...state.mappings.values()]
          .filter(({ mapping: m }) => m.name.toLowerCase().includes((query.search ?? '').toLowerCase()))
          .map((found) => {
            const { mapping: m, ...rest } = stored(found)
            return {
              ...rest,
              name: m.name,
              instance: m.instance.table,
              enrollments: m.enrollments.table,
              events: m.events.map((e) => e.table),
            }
          })
          .toSorted((a, b) => a.name.localeCompare(b.name)),
      },
    }),
    readMapping: async ({ params }) => ({ status: 200, body: stored(mappingOf(params.name)) }),
    createMapping: async ({ body }) => {
      if (state.mappings.has(body.name)) throw new ApiProblem('name-taken', `There is a mapping "${body.name}" already.`)
      return { status: 201, body: saved(body, '"1"') }
    },
    replaceMapping: async ({ params, body, headers }) => {
      const before = mappingOf(params.name)
      if (headers['if-match'] !== before.etag) throw new ApiProblem('changed', 'Somebody else changed the mapping meanwhile.')
      state.mappings.delete(params.name)
      return { status: 200, body: saved(body, `"${Number(before.etag.slice(1, -1)) + 1}"`) }
    },
    deleteMapping: async ({ params, query }) => {
      mappingOf(params.name)
      if (!query.withHistory && [...state.syncs.values()].some((sync) => sync.mapping === params.name))
        throw new ApiProblem('has-history', `${params.name} has synced records.`)
      state.mappings.delete(params.name)
      return { status: 204 }
    },
    exportMappings: async ({ query }) => ({
      status: 200,
      body: [...state.mappings.values()]
        .filter(({ mapping: m }) => query.name === undefined || m.name === query.name)
        .map(({ mapping: m }) => ({
          mapping_name: m.name,
          lookup_table: { instance: m.instance.table },
          mapping_json: { instance: m.instance.columns },
        })),
    }),
    importMappings: async ({ body, query }) => {
      const file = (problems: string[]) => ({
        status: 200 as const,
        body: { imported: false, items: [{ item: 0, name: null, action: 'none' as const, problems }] },
      })
      if (!Array.isArray(body)) return file(['File should contain array of Object'])
      if (body.length === 0) return file(['Imported file should not be empty'])
      const items = (body as { mapping_name?: string; lookup_table?: object }[]).map((item, i) => {
        const problems = item.lookup_table ? [] : ['Incorrect values provided for lookup_table property']
        const name = item.mapping_name ?? null
        return {
          item: i + 1,
          name,
          action: problems.length > 0 ? ('none' as const) : state.mappings.has(name ?? '') ? ('replace' as const) : ('create' as const),
          problems,
        }
      })
      const imported = !query.dryRun && items.every(({ problems }) => problems.length === 0)
      if (imported) for (const { name } of items) state.mappings.set(name!, { mapping: mapping(name!, 'hts'), etag: '"1"' })
      return { status: 200, body: { imported, items } }
    },
    readMappingFileSchema: async () => ({ status: 200, body: {} }),
    validateMapping: async ({ body }) => ({ status: 200, body: findingsOf(body) }),
    validateStoredMapping: async ({ params }) => ({ status: 200, body: findingsOf(mappingOf(params.name).mapping) }),
    readPreview: async ({ params, query }) => {
      const m = mappingOf(params.name).mapping
      const all = previewRows(m)
      const rows = all.filter(
        (row) =>
          (!query.kind || row.kind === query.kind) &&
          (!query.effect || row.effect === query.effect) &&
          (!query.patient || row.patientId.includes(query.patient)),
      )
      const from = Number(query.after ?? 0)
      const count = (kind: string) => ({
        new: all.filter((r) => r.kind === kind && r.effect === 'new').length,
        update: all.filter((r) => r.kind === kind && r.effect === 'update').length,
        unchanged: all.filter((r) => r.kind === kind && r.effect === 'unchanged').length,
      })
      return {
        status: 200,
        body: {
          generatedAt: ago(0),
          dhis2Problem: state.dhis2Up ? null : 'DHIS2 does not answer at https://dhis2.example.org.',
          counts: from === 0 ? { trackedEntity: count('trackedEntity'), enrollment: count('enrollment'), event: count('event') } : null,
          columns: { trackedEntity: Object.keys(m.instance.columns), event: m.events.flatMap((e) => Object.keys(e.columns)) },
          rows: rows.slice(from, from + query.limit),
          next: from + query.limit < rows.length ? String(from + query.limit) : null,
        },
      }
    },
    readPreviewCsv: async () => ({ status: 200, stream: csv(), filename: 'preview.csv' }),
    previewPatient: async ({ query }) => {
      needDhis2()
      const side = (values: Record<string, string | null>, over = {}) => ({
        uid: 'aB3dE6gH9jK',
        orgUnit: 'OUClinicC01',
        status: null,
        enrolledAt: null,
        occurredAt: null,
        values,
        ...over,
      })
      const base = { parent: null, program: null, programStage: null, rejection: null }
      return {
        status: 200,
        body: {
          patientId: query.patient,
          objects: [
            {
              ...base,
              kind: 'trackedEntity',
              recordKey: query.patient,
              effect: 'update',
              sending: side({ TEAUicCode1: 'UIC-1', TEALastNam1: 'Moyo', TEAPhoneNo1: '0772 123456' }),
              there: side({ TEAUicCode1: 'UIC-1', TEALastNam1: 'Moyoo', TEAPhoneNo1: null }),
            },
            {
              ...base,
              kind: 'enrollment',
              recordKey: '34',
              program: 'PRGHtsServ1',
              effect: 'unchanged',
              sending: side({}, { status: 'ACTIVE', enrolledAt: '2026-01-05' }),
              there: side({}, { status: 'ACTIVE', enrolledAt: '2026-01-05' }),
            },
            {
              ...base,
              kind: 'event',
              recordKey: '1049',
              parent: '34',
              program: 'PRGHtsServ1',
              programStage: 'PSHtsTest11',
              ...(query.patient === REJECTED_PATIENT
                ? { effect: 'rejected', rejection: notAnOption('HIV result given to client ?'), sending: null }
                : {
                    effect: 'new',
                    sending: side(
                      { DEHtsTstDt1: '2026-02-01', DEHtsResul1: 'NEGATIVE' },
                      { status: 'COMPLETED', occurredAt: '2026-02-01' },
                    ),
                  }),
              there: null,
            },
          ],
          names: Object.fromEntries(Object.values(DHIS2).flatMap((fields) => fields.map(({ uid, name }) => [uid, name]))),
        },
      }
    },
    startSync: async ({ body }) => {
      const { mapping: name, comment, dryRun, resync, from = null, to = null } = body
      return { status: 202, body: summaryOf(begin(name, { comment, dryRun, resync, from, to })) }
    },
    listSyncs: async () => ({ status: 200, body: { rows: [...state.syncs.values()].map(summaryOf), next: null } }),
    readLastSyncs: async () => {
      const rows = [...state.mappings.keys()].map((name) => {
        const active = activeOf(name)
        const past = [...state.syncs.values()]
          .filter((sync) => sync.mapping === name && sync.endedAt !== null)
          .toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1))
        return {
          mapping: name,
          active,
          last: past[0] ? summaryOf(past[0]) : null,
          lastSuccessAt: past.find((sync) => sync.state === 'succeeded')?.endedAt ?? null,
        }
      })
      return { status: 200, body: { rows } }
    },
    readSync: async ({ params }) => ({ status: 200, body: syncOf(params.id) }),
    followSync: async ({ params }) => {
      syncOf(params.id)
      const stream = async function* () {
        for (;;) {
          const sync = syncOf(params.id)
          yield `event: ${sync.endedAt === null ? 'sync' : 'end'}\ndata: ${JSON.stringify(sync)}\n\n`
          if (sync.endedAt !== null) return
          // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
          await new Promise((done) => setTimeout(done, 200))
        }
      }
      return { status: 200, stream: stream() }
    },
    readSyncLog: async ({ params }) => ({
      status: 200,
      body: {
        lines: [
          {
            at: syncOf(params.id).createdAt,
            step: 'snapshot',
            chunk: null,
            text: '320 patients, 340 enrollments and 1,648 events to look at',
          },
          { at: syncOf(params.id).createdAt, step: 'patients', chunk: 1, text: 'chunk 1 of 4: 100 patients' },
        ],
      },
    }),
    readSyncWarnings: async () => ({
      status: 200,
      body: {
        rows: [
          {
            kind: 'event',
            patientId: 'NAH000040',
            recordKey: 'visit-40',
            warning: 'Two enrollments fit this event; the newest was taken.',
          },
        ],
        next: null,
      },
    }),
    cancelSync: async ({ params }) => {
      const sync = syncOf(params.id)
      if (sync.endedAt !== null) throw new ApiProblem('sync-ended', 'The sync has ended already.')
      state.syncs.set(sync.id, { ...sync, cancelRequested: true })
      return { status: 202, body: summaryOf({ ...sync, cancelRequested: true }) }
    },
    listRejected: async ({ query }) => ({ status: 200, body: { rows: state.rejected.filter((r) => fits(r, query)), next: null } }),
    readRejectedCsv: async () => ({ status: 200, stream: csv(), filename: 'rejected.csv' }),
    groupRejected: async ({ query }) => {
      const rows = state.rejected.filter((r) => fits(r, query))
      const groups = [...new Set(rows.map((r) => r.code))].map((code) => {
        const of = rows.filter((r) => r.code === code)
        const { title, remedy, column, dhis2Name, dhis2Code, value, attempts, firstAt, lastAt } = of[0]!
        return {
          cause: code,
          code,
          title,
          remedy,
          column,
          dhis2Name,
          dhis2Code,
          value,
          records: of.length,
          patients: new Set(of.map((r) => r.patientId)).size,
          kinds: [...new Set(of.map((r) => r.kind))],
          attempts,
          mappings: [...new Set(of.map((r) => r.mapping))],
          firstAt,
          lastAt,
        }
      })
      return { status: 200, body: { rows: groups } }
    },
    retryRejected: async ({ body }) => {
      const records = chosen(body)
      const names = [...new Set(records.map((r) => r.mapping))]
      const active = names.map(activeOf).filter((sync) => sync !== null)
      const free = names.filter((name) => !active.some((sync) => sync.mapping === name))
      const syncs = free.map((name) => ({ mapping: name, id: begin(name, { comment: body.comment, retry: true }).id }))
      return {
        status: 202,
        body: {
          records: records.filter((r) => free.includes(r.mapping)).length,
          syncs,
          refused: active.map((sync) => ({ mapping: sync.mapping, syncId: sync.id, message: `A sync by ${sync.user} is going on.` })),
        },
      }
    },
    dismissRejected: async ({ body }) => {
      const records = chosen(body)
      for (const r of records)
        Object.assign(r, { state: 'dismissed', dismissedBy: 'superman', dismissedReason: body.reason, dismissedAt: ago(0) })
      return { status: 200, body: { records: records.length } }
    },
    reopenRejected: async ({ body }) => {
      const records = chosen(body)
      for (const r of records) Object.assign(r, { state: 'open', dismissedBy: null, dismissedReason: null, dismissedAt: null })
      return { status: 200, body: { records: records.length } }
    },
    listSchedules: async () => ({ status: 200, body: { rows: [...state.schedules.values()] } }),
    saveSchedule: async ({ params, body }) => {
      state.schedules.set(params.mapping, schedule(params.mapping, body))
      return { status: 200, body: state.schedules.get(params.mapping)! }
    },
    deleteSchedule: async ({ params }) => {
      state.schedules.delete(params.mapping)
      return { status: 204 }
    },
    runSchedule: async ({ params }) => ({
      status: 202,
      body: summaryOf(begin(params.mapping, { comment: state.schedules.get(params.mapping)?.comment ?? '' })),
    }),
    readTimes: async ({ query }) => {
      if (!/^\S+( \S+){4,5}$/.test(query.cron)) throw new ApiProblem('invalid', `"${query.cron}" is not a cron expression.`)
      return { status: 200, body: { next: schedule('', { cron: '', timeZone: '', paused: false, comment: '' }).next } }
    },
    listLogs: async ({ query }) => {
      advance(state)
      const all = state.logs.filter(
        (row) =>
          (!query.from || (row.at ?? '') >= query.from) &&
          (!query.service || row.service.toLowerCase().includes(query.service.toLowerCase())) &&
          (!query.user || row.user.includes(query.user)) &&
          (!query.status || row.status === query.status) &&
          (!query.text || `${row.comments} ${row.statusInfo}`.toLowerCase().includes(query.text.toLowerCase())),
      )
      const start =
        query.before !== undefined
          ? all.findIndex((row) => row.id < query.before!)
          : query.after !== undefined
            ? Math.max(0, all.findLastIndex((row) => row.id > query.after!) - query.limit + 1)
            : 0
      const rows = start === -1 ? [] : all.slice(start, start + query.limit)
      return { status: 200, body: { rows, older: start !== -1 && start + query.limit < all.length, newer: start > 0 } }
    },
    readLogsCsv: async () => ({ status: 200, stream: csv(), filename: 'logs.csv' }),
    listAudit: async () => ({
      status: 200,
      body: {
        rows: [
          { id: '2', at: ago(4), user: 'superman', type: 'SEND_DATA_TO_DHIS', message: 'SEND_DATA_TO_DHIS_MESSAGE' },
          {
            id: '1',
            at: ago(400),
            user: 'admin',
            type: 'EXPORT_MAPPING_SERVICE',
            message: 'User admin exported HTS Service Mapping Service',
          },
        ],
        older: false,
      },
    }),
  }
}

const notAnOption = (column: string | null) => ({
  ...because('value-not-an-option'),
  message: 'The value "Maybe" is no option.',
  column,
  dhis2Name: 'HTS: result',
  value: 'Maybe',
})

/** The first patient with a rejected row in it. */
const REJECTED_PATIENT = 'NAH000002'

function previewRows(m: Mapping): Answer<'readPreview'>['rows'] {
  const effects = ['new', 'update', 'unchanged'] as const
  return Array.from({ length: 120 }, (_, i) => {
    const kind = (['trackedEntity', 'enrollment', 'event'] as const)[i % 3]!
    const columns =
      kind === 'trackedEntity' ? Object.keys(m.instance.columns) : kind === 'event' ? m.events.flatMap((e) => Object.keys(e.columns)) : []
    const rejected = i % 40 === 5
    return {
      kind,
      effect: rejected ? 'rejected' : effects[i % 4 === 3 ? 2 : i % 2]!,
      patientId: `NAH${String(Math.floor(i / 3) + 1).padStart(6, '0')}`,
      recordKey: `${kind}-${i}`,
      relation: kind === 'event' ? m.events[0]!.table : m.instance.table,
      orgUnit: 'C-01',
      program: kind === 'trackedEntity' ? null : 'HIV testing service',
      programStage: kind === 'event' ? 'HIV test' : null,
      enrollmentDate: kind === 'trackedEntity' ? null : '2026-01-05',
      incidentDate: kind === 'enrollment' ? '2026-01-05' : null,
      eventDate: kind === 'event' ? '2026-02-01' : null,
      status: kind === 'trackedEntity' ? null : 'ACTIVE',
      dateCreated: '2026-02-01 08:30:00',
      values: Object.fromEntries(columns.map((column, c) => [column, c === 3 ? null : `value ${c + 1}`])),
      rejection: rejected ? notAnOption(columns[0] ?? null) : null,
    }
  })
}

export async function openFakeApi(state = fakeState()): Promise<FakeApi> {
  const ctx = {
    config: { publicUrl: null },
    authenticate: () =>
      Promise.resolve(state.signedIn ? { name: 'superman', rights: new Set(state.rights), via: 'local' as const, expiresAt: null } : null),
  } as unknown as ApiContext
  const routes = routesOf(operations, handlersOf(state)).map((route) => ({
    ...route,
    handler: async (...args: Parameters<typeof route.handler>) => {
      const name = route.name as keyof AllOperations
      if (route.operation.method !== 'get') state.asked.push({ name, body: args[0].body })
      const late = state.slow.get(name)
      if (late !== undefined) await new Promise((done) => setTimeout(done, late))
      const broken = state.broken.get(name)
      if (broken) throw broken
      return route.handler(...args)
    },
  }))
  const app = express()
  app.set('query parser', 'simple')
  app.use(securityHeaders(null), belowBahmnisPath)
  app.use('/api/v1', apiRouter(routes, ctx, { checkAnswers: true }))
  app.get('/queues', (_request, response) => void response.send('<title>Bull Board</title><h1>Bull Board</h1>'))
  app.use(webUi(BUILT_UI))
  app.use(((error, _request, response, _next) => {
    const problem = problemOf(error)
    if (problem.unexpected) console.error(error)
    if (!response.headersSent)
      response
        .status(PROBLEMS[problem.code].status)
        .type('application/problem+json')
        .send(JSON.stringify(problemBody(problem, 'test-request')))
  }) as express.ErrorRequestHandler)
  const web = await listen(app, '127.0.0.1', Number(process.env['FAKE_PORT'] ?? 0))
  return { url: web.url, state, close: web.close }
}

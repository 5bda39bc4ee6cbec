import { javaDate, midnight } from './dates.ts'
import { refusal } from './http.ts'
import { attributeConflicts, storeAttributes } from './legacy-attributes.ts'
import type { LegacyEnrollment } from './legacy-body.ts'
import { type LegacyContext, type LegacyStrategy, mayCapture, othersIn, split } from './legacy-context.ts'
import { importEvents } from './legacy-events.ts'
import { type Conflict, deletion, failed, succeeded, type Summary } from './legacy-summaries.ts'
import type { IndexedProgram } from './metadata.ts'
import type { Enrollment } from './state.ts'
import { isUid, randomUid } from './uid.ts'

function isThere(uid: string | null, context: LegacyContext): boolean {
  return uid !== null && context.state.enrollments.get(uid)?.deleted === false
}

/** POST of enrollments with their events. */
export function importEnrollments(enrollments: readonly LegacyEnrollment[], strategy: LegacyStrategy, context: LegacyContext): Summary[] {
  if (strategy === 'DELETE') return enrollments.map((enrollment) => deleteEnrollment(enrollment.uid ?? '', context))
  const { creates, updates } = split(enrollments, strategy, (enrollment) => isThere(enrollment.uid, context))
  return [
    ...creates.map((enrollment) => createEnrollment(enrollment, strategy, context)),
    ...updates.map((enrollment) => updateEnrollment(enrollment, context)),
  ]
}

function withEvents(summary: Summary, enrollment: Enrollment, sent: LegacyEnrollment, context: LegacyContext): Summary {
  const events = sent.events.map((event) => ({
    ...event,
    enrollment: enrollment.uid,
    trackedEntity: enrollment.trackedEntity.uid,
    program: enrollment.program,
  }))
  return { ...summary, children: { name: 'events', summaries: importEvents(events, 'CREATE_AND_UPDATE', context) } }
}

/** 2.41 shows an empty list of events with its errors, 2.30 none. */
function refused(summary: Summary, context: LegacyContext): Summary {
  return context.facts.minor > 30 ? { ...summary, children: { name: 'events', summaries: [] } } : summary
}

function dateConflicts(enrollment: LegacyEnrollment, program: IndexedProgram, today: string): Conflict[] {
  const conflicts: Conflict[] = []
  const { enrollmentDate, incidentDate } = enrollment
  if (program.selectEnrollmentDatesInFuture !== true && enrollmentDate !== null && enrollmentDate.slice(0, 10) > today) {
    conflicts.push({ object: 'Enrollment.date', value: `Enrollment Date can't be future date :${javaDate(enrollmentDate)}` })
  }
  if (program.selectIncidentDatesInFuture !== true && incidentDate !== null && incidentDate.slice(0, 10) > today) {
    conflicts.push({ object: 'Enrollment.incidentDate', value: `Incident Date can't be future date :${javaDate(incidentDate)}` })
  }
  return conflicts
}

function createEnrollment(sent: LegacyEnrollment, strategy: LegacyStrategy, context: LegacyContext): Summary {
  const { state, metadata, facts, account } = context
  const old = facts.minor === 30
  const fail = (why: { description?: string; conflicts?: Conflict[] }): Summary => refused(failed(sent.uid, why), context)
  if (sent.uid !== null && state.enrollments.has(sent.uid)) {
    // 2.41 had the choice to update, and does not find what is deleted
    if (!old && strategy !== 'CREATE')
      return refused(failed(null, { description: `ID ${sent.uid} doesn't point to a valid enrollment.` }), context)
    return fail({ description: `Enrollment ${sent.uid} already exists or was deleted earlier` })
  }
  const person = state.trackedEntities.get(sent.trackedEntity ?? '')
  if (person === undefined || person.deleted)
    throw refusal(409, old ? 'TrackedEntityInstance does not exist.' : 'TrackedEntity does not exist.')
  const program = metadata.programs.get(sent.program ?? '')
  if (program === undefined) {
    if (old) throw refusal(500, 'Cannot invoke "org.hisp.dhis.program.Program.isRegistration()" because "program" is null')
    return fail({ description: 'Program can not be null' })
  }
  const unit = metadata.orgUnits.get(sent.orgUnit ?? '')
  if (unit === undefined && !old) return fail({ description: 'OrganisationUnit can not be null' })
  if (unit !== undefined && !old && !program.orgUnits.has(unit.id)) {
    return fail({ description: `Program is not assigned to this Organisation Unit: ${unit.id}` })
  }
  if (unit !== undefined && !mayCapture(context, unit.id)) {
    return refused(failed(old ? null : sent.uid, { description: `[User has no write access to organisation unit: ${unit.id}]` }), context)
  }
  const subject = old ? 'TrackedEntityInstance' : 'TrackedEntity'
  // without a status there is no such check
  if (sent.status === 'ACTIVE' && othersIn(person, program.id, 'ACTIVE', sent.uid).length > 0) {
    return fail({ description: `${subject} ${person.uid} already has an active enrollment in program ${program.id}` })
  }
  if (
    program.onlyEnrollOnce === true &&
    ['ACTIVE', 'COMPLETED'].some((status) => othersIn(person, program.id, status, sent.uid).length > 0)
  ) {
    return fail({
      description: `${subject} ${person.uid} already has a completed enrollment in program ${program.id}, and this program only allows enrolling one time`,
    })
  }
  const conflicts = attributeConflicts(sent.attributes, person.uid, context)
  for (const [attribute, mandatory] of program.attributes) {
    if (
      mandatory &&
      !person.attributes.has(attribute) &&
      !sent.attributes.some((entry) => entry.attribute === attribute && entry.value !== null)
    ) {
      conflicts.push({ object: 'Attribute.attribute', value: `Missing mandatory attribute ${attribute}` })
    }
  }
  conflicts.push(...dateConflicts(sent, program, state.now().slice(0, 10)))
  if (conflicts.length > 0) return fail({ conflicts })

  const uid = sent.uid !== null && isUid(sent.uid) ? sent.uid : randomUid()
  const status = sent.status ?? 'ACTIVE'
  // 2.30 does not date the completion of what is completed from the start
  const completed = !old && status !== 'ACTIVE'
  const enrollment = state.addEnrollment(
    {
      uid,
      trackedEntity: person,
      program: program.id,
      orgUnit: unit?.id ?? null,
      status,
      enrolledAt: sent.enrollmentDate ?? state.now(),
      occurredAt: sent.incidentDate ?? state.now(),
      completedAt: completed ? state.now() : null,
      completedBy: completed ? account.username : null,
    },
    account.username,
  )
  storeAttributes(person, sent.attributes, context)
  return withEvents(succeeded(uid, 'imported'), enrollment, sent, context)
}

/** The completion date after a change of status. */
function completionAfter(stored: Enrollment, status: string, context: LegacyContext): string | null {
  if (status === stored.status) return stored.completedAt
  const { state, facts } = context
  if (status === 'COMPLETED') return state.now()
  if (status === 'CANCELLED') return facts.minor === 30 ? midnight(state.nowMillis()) : state.now()
  // 2.30 leaves it on what is active again
  return facts.minor === 30 ? stored.completedAt : null
}

/** Changes the status alone, as PUT …/completed and its like do. Reopening beside an active one refuses the request. */
export function changeStatus(
  stored: Enrollment,
  status: string,
  context: LegacyContext,
  completedAt = completionAfter(stored, status, context),
): void {
  if (
    status === 'ACTIVE' &&
    stored.status !== 'ACTIVE' &&
    othersIn(stored.trackedEntity, stored.program, 'ACTIVE', stored.uid).length > 0
  ) {
    throw refusal(409, 'Program has another active enrollment going on. Not possible to incomplete')
  }
  const completedBy = completedAt === null ? null : context.account.username
  context.state.change(stored, { status, completedAt, completedBy }, context.account.username)
}

function updateEnrollment(sent: LegacyEnrollment, context: LegacyContext): Summary {
  const { state, metadata, facts, account } = context
  const stored = state.enrollments.get(sent.uid ?? '')
  if (stored === undefined || stored.deleted)
    return refused(failed(sent.uid, { description: `ID ${sent.uid} doesn't point to a valid enrollment.` }), context)
  const person = state.trackedEntities.get(sent.trackedEntity ?? '')
  if (person === undefined || person.deleted)
    throw refusal(409, facts.minor === 30 ? 'TrackedEntityInstance does not exist.' : 'TrackedEntity does not exist.')
  const program = metadata.programs.get(sent.program ?? '')
  if (program === undefined)
    throw refusal(500, 'Cannot invoke "org.hisp.dhis.program.Program.getProgramAttributes()" because "program" is null')
  const conflicts = [
    ...attributeConflicts(sent.attributes, stored.trackedEntity.uid, context),
    ...dateConflicts(sent, program, state.now().slice(0, 10)),
  ]
  if (conflicts.length > 0) return refused(failed(sent.uid, { conflicts }), context)
  state.change(
    stored,
    {
      // the person stays, whoever is named
      program: program.id,
      // an org unit that is not there takes the old one away
      orgUnit: metadata.orgUnits.get(sent.orgUnit ?? '')?.id ?? null,
      ...(sent.enrollmentDate === null ? {} : { enrolledAt: sent.enrollmentDate }),
      ...(sent.incidentDate === null ? {} : { occurredAt: sent.incidentDate }),
    },
    account.username,
  )
  // looks at the program that the enrollment has by now
  if (sent.status !== null) changeStatus(stored, sent.status, context)
  storeAttributes(stored.trackedEntity, sent.attributes, context)
  return withEvents(succeeded(stored.uid, 'updated'), stored, sent, context)
}

export function deleteEnrollment(uid: string, context: LegacyContext): Summary {
  const stored = context.state.enrollments.get(uid)
  if (stored === undefined || stored.deleted)
    return deletion(null, `Enrollment ${uid} cannot be deleted as it is not present in the system`, false)
  context.state.deleteEnrollment(stored, context.account.username)
  return deletion(context.facts.minor === 30 ? null : uid, `Deletion of enrollment ${uid} was successful`, true)
}

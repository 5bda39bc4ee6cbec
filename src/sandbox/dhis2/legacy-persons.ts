import { refusal } from './http.ts'
import { attributeConflicts, storeAttributes } from './legacy-attributes.ts'
import type { LegacyPerson } from './legacy-body.ts'
import { type LegacyContext, type LegacyStrategy, mayCapture, split } from './legacy-context.ts'
import { importEnrollments } from './legacy-enrollments.ts'
import { type Conflict, deletion, failed, succeeded, type Summary } from './legacy-summaries.ts'
import type { TrackedEntity } from './state.ts'
import { isUid, randomUid } from './uid.ts'

function isThere(uid: string | null, context: LegacyContext): boolean {
  return uid !== null && context.state.trackedEntities.get(uid)?.deleted === false
}

/** POST of persons, with all that is nested in them. */
export function importPersons(persons: readonly LegacyPerson[], strategy: LegacyStrategy, context: LegacyContext): Summary[] {
  if (strategy === 'DELETE') return persons.map((person) => deletePerson(person.uid ?? '', context))
  const { creates, updates } = split(persons, strategy, (person) => isThere(person.uid, context))
  const uids = creates.flatMap(({ uid }) => uid ?? [])
  // 2.30 refuses the second of the two
  if (context.facts.minor > 30 && new Set(uids).size < uids.length) {
    throw refusal(500, 'Transaction silently rolled back because it has been marked as rollback-only')
  }
  return [...creates.map((person) => createPerson(person, strategy, context)), ...updates.map((person) => updatePerson(person, context))]
}

function withEnrollments(summary: Summary, entity: TrackedEntity | null, person: LegacyPerson, context: LegacyContext): Summary {
  const enrollments = entity === null ? [] : person.enrollments.map((enrollment) => ({ ...enrollment, trackedEntity: entity.uid }))
  return { ...summary, children: { name: 'enrollments', summaries: importEnrollments(enrollments, 'CREATE_AND_UPDATE', context) } }
}

/** 2.41 shows an empty list of enrollments with its errors, 2.30 none. */
function refused(summary: Summary, context: LegacyContext): Summary {
  return context.facts.minor > 30 ? { ...summary, children: { name: 'enrollments', summaries: [] } } : summary
}

/** 2.41 tells of deletion when it had the choice to update. */
function alreadyUsed(person: LegacyPerson, strategy: LegacyStrategy, context: LegacyContext): Summary {
  if (context.facts.minor > 30 && strategy !== 'CREATE') return refused(failed(person.uid, { conflicts: [deletedBefore(person)] }), context)
  return refused(
    failed(person.uid, { description: `Tracked entity instance ${person.uid} already exists or was deleted earlier` }),
    context,
  )
}

function deletedBefore(person: LegacyPerson): Conflict {
  return {
    object: 'TrackedEntity',
    value: `You are trying to add or update tracked entity instance ${person.uid} that has already been deleted`,
  }
}

function createPerson(person: LegacyPerson, strategy: LegacyStrategy, context: LegacyContext): Summary {
  const { state, metadata, facts, account } = context
  if (person.uid !== null && state.trackedEntities.has(person.uid)) return alreadyUsed(person, strategy, context)
  // a uid that is none is exchanged without a word
  const uid = person.uid !== null && isUid(person.uid) ? person.uid : randomUid()
  const unit = person.orgUnit === null ? undefined : metadata.orgUnits.get(person.orgUnit)
  if (unit !== undefined && !mayCapture(context, unit.id)) {
    return refused(failed(null, { description: `[User has no write access to organisation unit: ${unit.id}]` }), context)
  }
  const conflicts: Conflict[] = attributeConflicts(person.attributes, person.uid, context)
  if (person.type === null || !metadata.trackedEntityTypes.has(person.type)) {
    conflicts.push(
      facts.minor === 30
        ? { object: 'TrackedEntityInstance.trackedEntityType', value: `Invalid trackedEntityType${person.type}` }
        : { object: 'TrackedEntity.trackedEntityType', value: `Invalid trackedEntityType ${person.type}` },
    )
  }
  if (conflicts.length > 0) return refused(failed(person.uid, { conflicts }), context)
  if (unit === undefined) {
    const text = person.orgUnit === null ? 'No org unit ID in tracked entity instance object' : `Invalid org unit ID: ${person.orgUnit}`
    const summary = failed(uid, { conflicts: [{ object: uid, value: text }] })
    // 2.30 calls this a success that imported nothing
    if (facts.minor === 30) return { ...summary, status: 'SUCCESS', counts: { imported: 0, updated: 0, ignored: 0, deleted: 0 } }
    return refused(summary, context)
  }
  const entity = state.addTrackedEntity({ uid, type: person.type ?? '', orgUnit: unit.id }, account.username)
  storeAttributes(entity, person.attributes, context)
  return withEnrollments(succeeded(uid, 'imported'), entity, person, context)
}

function updatePerson(person: LegacyPerson, context: LegacyContext): Summary {
  const { state, metadata, facts, account } = context
  const stored = state.trackedEntities.get(person.uid ?? '')
  if (stored === undefined || stored.deleted) {
    const missing = { object: 'TrackedEntityInstance', value: `Tracked entity instance ${person.uid} does not exist` }
    return refused(failed(person.uid, { conflicts: [facts.minor === 30 ? missing : deletedBefore(person)] }), context)
  }
  const unit = person.orgUnit === null ? undefined : metadata.orgUnits.get(person.orgUnit)
  const conflicts = attributeConflicts(person.attributes, stored.uid, context)
  if (unit === undefined) conflicts.push({ object: 'OrganisationUnit', value: `Org unit ${person.orgUnit} does not exist` })
  if (conflicts.length > 0 || unit === undefined) return refused(failed(person.uid, { conflicts }), context)
  if (!mayCapture(context, unit.id)) return failed(null, { description: `[User has no write access to organisation unit: ${unit.id}]` })
  state.change(stored, { orgUnit: unit.id }, account.username)
  storeAttributes(stored, person.attributes, context)
  const program = context.program === null || facts.minor === 30 ? undefined : metadata.programs.get(context.program)
  for (const attribute of program?.attributes.keys() ?? []) {
    // 2.41 takes an update with ?program= for the whole of that program's attributes
    if (!person.attributes.some((entry) => entry.attribute === attribute)) state.setAttribute(stored, attribute, null, account.username)
  }
  return withEnrollments(succeeded(stored.uid, 'updated'), stored, person, context)
}

export function deletePerson(uid: string, context: LegacyContext): Summary {
  const stored = context.state.trackedEntities.get(uid)
  if (stored === undefined || stored.deleted) {
    return deletion(null, `Tracked entity instance ${uid} cannot be deleted as it is not present in the system`, false)
  }
  context.state.deleteTrackedEntity(stored, context.account.username)
  return deletion(null, `Deletion of tracked entity instance ${uid} was successful`, true)
}

/** The columns that every relation has — OrgUnit, program, dates, status — → what DHIS2 takes, or why it would refuse. */
import type { Kind, Metadata, Program } from './model.ts'
import { quoted, reject, type Rejection } from './rejection.ts'
import { dateOf } from './value.ts'

export const PATIENT = 'Patient_Identifier'
export const ORG_UNIT = 'OrgUnit'

/** Unless the mapping gives a constant for it. */
export const REQUIRED_COLUMNS: Readonly<Record<Kind, readonly string[]>> = {
  trackedEntity: [PATIENT, ORG_UNIT, 'date_created'],
  enrollment: [PATIENT, ORG_UNIT, 'date_created', 'program', 'program_unique_id', 'enrollment_date', 'status'],
  event: [PATIENT, ORG_UNIT, 'date_created', 'program', 'program_stage', 'event_unique_id', 'enrollment_date', 'event_date'],
}

/** Names the patient and where the value stands, for every sentence of one row. */
export interface Where {
  patientId: string
  relation: string
}
/** Where a column stands that the mapping may give a constant for. */
interface FixedWhere extends Where {
  constants: { OrgUnit?: string | undefined; program?: string | undefined; program_stage?: string | undefined }
}
export type Refused = { rejection: Rejection }

/** Dates before this are slips of the keyboard or COALESCE defaults. */
const EARLIEST = '1900-01-01'

export const isBlank = (text: string | null): text is null | '' => text === null || text.trim() === ''

/** uid of the org unit with this code; with a program: one that the program is assigned to. */
export function orgUnitOf(code: string | null, program: Program | null, metadata: Metadata, where: FixedWhere): string | Refused {
  if (isBlank(code)) return refuse('org-unit-missing', `${givenOf('OrgUnit', where)} is empty.`, { column: 'OrgUnit' })
  const clean = code.trim()
  const about = { column: 'OrgUnit', value: clean }
  const orgUnit = metadata.orgUnitsByCode.get(clean)
  if (!orgUnit)
    return refuse('org-unit-unknown', `${givenOf('OrgUnit', where)} has ${quoted(clean)}, which is no org unit's code in DHIS2.`, about)
  if (program && !program.orgUnits.has(orgUnit.uid)) {
    const message = `${givenOf('OrgUnit', where)} has ${quoted(clean)}, but program "${program.name}" is not assigned to org unit "${orgUnit.name}".`
    return refuse('org-unit-not-in-program', message, { ...about, dhis2Uid: orgUnit.uid, dhis2Name: orgUnit.name })
  }
  return orgUnit.uid
}

export function programOf(uid: string | null, metadata: Metadata, where: FixedWhere): Program | Refused {
  if (isBlank(uid)) return refuse('program-missing', `${givenOf('program', where)} is empty.`, { column: 'program' })
  const program = metadata.programs.get(uid)
  if (program) return program
  const message = `${givenOf('program', where)} has ${quoted(uid)}, which is no program in DHIS2.`
  return refuse('program-unknown', message, { column: 'program', value: uid, dhis2Uid: uid })
}

/** In any case; blanks around are no matter. */
export function statusOf<Status extends string>(text: string | null, known: readonly Status[], where: Where): Status | Refused {
  const upper = text?.trim().toUpperCase() ?? ''
  const status = known.find((s) => s === upper)
  if (status) return status
  const message = `${columnOf('status', where)} ${isBlank(text) ? 'is empty, and' : `has ${quoted(text)}, which`} is not one of ${known.join(', ')}.`
  return refuse('status-unknown', message, { column: 'status', value: text })
}

/** @param today yyyy-MM-dd in the site's time zone @returns yyyy-MM-dd */
export function requiredDate(text: string | null, column: string, today: string, futureAllowed: boolean, where: Where): string | Refused {
  const about = { column, value: text }
  if (isBlank(text)) return refuse('date-missing', `${columnOf(column, where)} is empty.`, about)
  const date = dateOf(text)
  if (date === null || date < EARLIEST)
    return refuse('date-invalid', `${columnOf(column, where)} has ${quoted(text)}, which is not a date since 1900.`, about)
  if (date > today && !futureAllowed)
    return refuse('date-in-future', `${columnOf(column, where)} has ${quoted(text)}, which is after today (${today}).`, about)
  return date
}

/** How every sentence about a column begins. */
export const columnOf = (column: string, { patientId, relation }: Where) => `Patient ${patientId}: column "${column}" of ${relation}`

/** As columnOf, of a column that the mapping may give a constant for. */
export const givenOf = (column: keyof FixedWhere['constants'], where: FixedWhere) =>
  where.constants[column] === undefined
    ? columnOf(column, where)
    : `Patient ${where.patientId}: the mapping's constant "${column}" for ${where.relation}`

export const refuse = (...rejection: Parameters<typeof reject>): Refused => ({ rejection: reject(...rejection) })

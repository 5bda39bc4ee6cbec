/**
 * Why a record was not delivered: the catalogue of codes that a data clerk meets. docs/ prints it as the manual.
 * `title` says what is wrong, `remedy` what to do; both are shown beside the record's own sentence. dashboard/src/i18n
 * has them in other languages, by code.
 */
import type { Kind } from './model.ts'

interface Entry {
  title: string
  remedy: string
}

const entries = {
  // ---- found before sending
  'org-unit-missing': { title: 'The record has no org unit', remedy: 'Set the patient’s facility in Bahmni and run Bahmni Mart again.' },
  'org-unit-unknown': {
    title: 'DHIS2 has no org unit with this code',
    remedy: 'Correct the facility in Bahmni, or give the org unit this code in DHIS2; then sync again.',
  },
  'org-unit-not-in-program': {
    title: 'The program is not assigned to this org unit',
    remedy: 'Ask the DHIS2 administrator to assign the program to the org unit, or correct the facility in Bahmni.',
  },
  'field-unknown': { title: 'The mapping names a UID that DHIS2 does not have', remedy: 'Correct the UID of this column in the mapping.' },
  'field-not-in-stage': {
    title: 'The data element does not belong to this program stage',
    remedy: 'Correct the mapping of this column, or add the data element to the program stage in DHIS2.',
  },
  'program-missing': {
    title: 'The row names no program',
    remedy: 'Correct the row’s program in the Mart’s SQL, or give the relation a constant in the mapping.',
  },
  'program-unknown': {
    title: 'DHIS2 has no such program for our account',
    remedy: 'Correct the program UID in the Mart’s SQL or in the mapping, or give the account access to the program.',
  },
  'stage-missing': {
    title: 'The row names no program stage',
    remedy: 'Correct the row’s program stage in the Mart’s SQL, or give the relation a constant in the mapping.',
  },
  'stage-unknown': { title: 'The program has no such stage', remedy: 'Correct the program stage UID in the Mart’s SQL or in the mapping.' },
  'type-unknown': {
    title: 'The tracked entity type is not known',
    remedy: 'Set DHIS2_TRACKED_ENTITY_TYPE to the UID of the tracked entity type that patients have in DHIS2.',
  },
  'value-invalid': {
    title: 'The value does not fit DHIS2’s value type',
    remedy: 'Correct the value in Bahmni, or map the column to a field of the right type.',
  },
  'value-too-long': { title: 'The value is longer than DHIS2 accepts', remedy: 'Shorten the value in Bahmni.' },
  'value-not-an-option': {
    title: 'The value is not an option of DHIS2’s option set',
    remedy: 'Correct the answer in Bahmni, translate it in the mapping, or add the option to the option set in DHIS2.',
  },
  'mandatory-missing': { title: 'DHIS2 requires a value here', remedy: 'Fill in the value in Bahmni.' },
  'date-missing': { title: 'A date that DHIS2 requires is missing', remedy: 'Fill in the date in Bahmni.' },
  'date-invalid': { title: 'The date is not a date', remedy: 'Correct the date in Bahmni.' },
  'date-in-future': { title: 'The date is in the future', remedy: 'Correct the date in Bahmni.' },
  'status-unknown': { title: 'The status is not one that DHIS2 knows', remedy: 'Use ACTIVE, COMPLETED or CANCELLED in the Mart’s SQL.' },
  'identifier-missing': { title: 'The row has no identifier', remedy: 'Correct the row’s identifier in the Mart’s SQL.' },
  'duplicate-rows': {
    title: 'The Mart has several rows for this record and they differ',
    remedy: 'Make the Mart’s SQL give one row for each record.',
  },
  'same-value-in-run': {
    title: 'Two patients have the same identifying value',
    remedy: 'Find out in Bahmni whether this is one person registered twice, and correct or merge them.',
  },
  'taken-by-other-patient': {
    title: 'The tracked entity found in DHIS2 is another patient’s',
    remedy: 'Same identifier, different person: compare both patients in Bahmni and correct the identifier of one.',
  },
  'tracked-entity-shared': {
    title: 'Several patients are bound to the same tracked entity',
    remedy: 'An administrator has to decide whose it is and remove the wrong row from instance_tracker.',
  },
  'belongs-to-other-patient': {
    title: 'The tracker table says that this record belongs to another person’s tracked entity',
    remedy: 'Were two patients merged in Bahmni? An administrator has to correct the tracker row.',
  },
  'patient-not-found': {
    title: 'The Mart has no patient row for this record',
    remedy: 'Run Bahmni Mart again; if the patient stays away, correct the SQL of the instance relation.',
  },
  'enrollment-not-found': {
    title: 'Event without its enrollment',
    remedy:
      'The Mart has no enrollment with this event’s patient_program_id, or patient and enrollment date. Correct it in Bahmni or in the Mart’s SQL.',
  },
  'several-active': {
    title: 'Two active enrollments of one patient in one program',
    remedy: 'DHIS2 allows one active enrollment: complete one of them in Bahmni.',
  },
  conflict: {
    title: 'DHIS has another active enrollment going on',
    remedy: 'Please contact Admin team: complete or cancel one of the two enrollments in DHIS2, then sync again.',
  },
  'second-in-single-stage': {
    title: 'A second event for a stage that DHIS2 allows once in an enrollment',
    remedy: 'Remove the second form in Bahmni, or make the program stage repeatable in DHIS2.',
  },
  'event-needs-active-enrollment': {
    title: 'This DHIS2 cannot add an event to an enrollment beside another active one',
    remedy: 'Complete the patient’s active enrollment first, or use DHIS2 2.36 or later, where this is possible.',
  },
  gone: {
    title: 'The record was deleted in DHIS2',
    remedy:
      'If the deletion was a mistake, restore it in DHIS2; otherwise an administrator has to remove its tracker row so that it can be created anew.',
  },
  // ---- said by DHIS2
  'unique-taken': {
    title: 'The value must be unique and another person in DHIS2 has it',
    remedy: 'Find the person with this value in DHIS2: correct the identifier in Bahmni or in DHIS2.',
  },
  'no-access': {
    title: 'Our DHIS2 account may not write this record',
    remedy: 'Ask the DHIS2 administrator to give the account capture access to the org unit and the program.',
  },
  'refused-by-dhis2': {
    title: 'DHIS2 refused the record',
    remedy: 'Read DHIS2’s sentence; ask the DHIS2 administrator when it does not help.',
  },
  undigestible: {
    title: 'DHIS2 fails on this record without saying why',
    remedy: 'Look for odd characters or dates in the record; DHIS2’s own log has the reason.',
  },
  'parent-rejected': {
    title: 'Not sent, because what it belongs to was rejected',
    remedy: 'Correct the patient’s or enrollment’s record; this one follows by itself.',
  },
} as const satisfies Record<string, Entry>

export type RejectionCode = keyof typeof entries
export const REJECTION_CATALOGUE: Readonly<Record<RejectionCode, Entry>> = entries

export const REJECTION_CODES = Object.keys(entries) as [RejectionCode, ...RejectionCode[]]

/** A record that DHIS2 did not take, or that we did not send, with what a data clerk needs to mend it. */
export interface Rejection {
  code: RejectionCode
  /** one plain sentence about this record, with names rather than UIDs */
  message: string
  /** DHIS2's own code, when it said one */
  dhis2Code: string | null
  /** column of the Mart's relation */
  column: string | null
  /** UID and name of the attribute, data element, program, stage or org unit that it is about */
  dhis2Uid: string | null
  dhis2Name: string | null
  value: string | null
}

/** Makes a rejection; what is left out is null. The remedy follows the sentence by itself. */
export function reject(code: RejectionCode, message: string, about: Partial<Omit<Rejection, 'code' | 'message'>> = {}): Rejection {
  return { code, message, dhis2Code: null, column: null, dhis2Uid: null, dhis2Name: null, value: null, ...about }
}

const QUOTED_LENGTH = 80

/** A value in a sentence: in quotes, on one line, shortened. Never half a character, which PostgreSQL would not take. */
export function quoted(text: string | null): string {
  const line = (text ?? '').replaceAll(/\s+/g, ' ').trim()
  return `"${line.length > QUOTED_LENGTH ? `${line.slice(0, QUOTED_LENGTH).replace(/[\uD800-\uDBFF]$/, '')}…` : line}"`
}

/** The relation that a kind's rows come from, in the words of the originals. */
export const KIND_WORDS: Readonly<Record<Kind, string>> = { trackedEntity: 'patient', enrollment: 'enrollment', event: 'event' }

import type { VersionFacts } from './versions.ts'

export type TrackerType = 'TRACKED_ENTITY' | 'ENROLLMENT' | 'EVENT'

export interface TrackerError {
  message: string
  errorCode: string
  trackerType: TrackerType
  uid: string
  args: string[]
}

/** The sentences of 2.41, then those of 2.42 and later where they were reworded. {0}, {1} … are the arguments. */
const SENTENCES: Readonly<Record<string, readonly [of41: string, of42?: string]>> = {
  E1000: ['User: `{0}`, has no write access to OrganisationUnit: `{1}`.', 'User: `{0}` has no write access to OrganisationUnit: `{1}`.'],
  E1002: ['TrackedEntity: `{0}`, already exists.'],
  E1005: ['Could not find TrackedEntityType: `{0}`.'],
  E1006: ['Attribute: `{0}`, does not exist.', 'Attribute: `{0}` does not exist.'],
  E1007: ['Error validating attribute value type: ``; Error: `{1}`.', 'Error validating attribute value type: `{0}`; Error: `{1}`.'],
  E1010: ['Could not find Program: `{0}`, linked to Event.', 'Could not find Program: `{0}`, linked to Event.'],
  E1011: ['Could not find OrganisationUnit: `{0}`, linked to Event.'],
  E1013: ['Could not find ProgramStage: `{0}`, linked to Event.'],
  E1015: [
    'TrackedEntity: `{0}`, already has an active Enrollment in Program `{1}`.',
    'TrackedEntity: `{0}` already has an active Enrollment in Program `{1}`.',
  ],
  E1016: [
    'TrackedEntity: `{0}`, already has an enrollment in Program: `{1}`, and this program only allows enrolling one time.',
    'TrackedEntity: `{0}` already has an Enrollment in Program: `{1}`, and this Program only allows enrolling once.',
  ],
  E1018: [
    'Attribute: `{0}`, is mandatory in program `{1}` but not declared in enrollment `{2}`.',
    'Attribute: `{0}` is mandatory in Program `{1}` but not declared in Enrollment `{2}`.',
  ],
  E1019: [
    'Only program attributes is allowed for enrollment; Non valid attribute: `{0}`.',
    'Only Program Attributes are allowed for Enrollment; non valid attribute: `{0}`.',
  ],
  E1020: ['Enrollment date: `{0}`, cannot be a future date.', 'Enrollment date: `{0}` cannot be a future date.'],
  E1021: ['Incident date: `{0}`, cannot be a future date.', 'Incident date: `{0}` cannot be a future date.'],
  E1022: [
    'TrackedEntity: `{0}`, must have same TrackedEntityType as Program `{1}`.',
    'TrackedEntity: `{0}` must have same TrackedEntityType as Program `{1}`.',
  ],
  E1023: [
    'DisplayIncidentDate is true but property occurredAt is null or has an invalid format: `NULL`.',
    'DisplayIncidentDate is true but occurredAt is null.',
  ],
  E1025: ['Property enrolledAt is null or has an invalid format: `NULL`.', 'Property enrolledAt is null.'],
  E1029: [
    'Event OrganisationUnit: `{0}`, and Program: `{1}`, don`t match.',
    'Event OrganisationUnit: `{0}` and Program: `{1}` do not match.',
  ],
  E1030: ['Event: `{0}`, already exists.', 'Event: `{0}` already exists.'],
  E1031: ['Event OccurredAt date is missing.', 'Event occurredAt date is missing.'],
  E1032: ['Event: `{0}`, do not exist.', 'Event: `{0}` do not exist.'],
  E1033: ['Event: `{0}`, Enrollment value is null.', 'Event: `{0}` Enrollment value is null.'],
  E1039: [
    'ProgramStage: `{0}`, is not repeatable and an event already exists.',
    'ProgramStage: `{0}` is not repeatable and an Event already exists.',
  ],
  E1041: [
    'Enrollment OrganisationUnit: `{0}`, and Program: `{1}`, dont match.',
    'Enrollment OrganisationUnit: `{0}` and Program: `{1}` do not match.',
  ],
  E1048: ['Object: `{0}`, uid: `{0}`, has an invalid uid format.'],
  E1049: [
    'Could not find OrganisationUnit: `{0}`, linked to Tracked Entity.',
    'Could not find OrganisationUnit: `{0}` linked to TrackedEntity.',
  ],
  E1050: ['Event ScheduledAt date is missing.', 'Event scheduledAt date is missing.'],
  E1063: ['TrackedEntity: `{0}`, does not exist.'],
  E1064: ['Non-unique attribute value `{0}` for attribute `{1}`', 'Non-unique attribute value `{0}` for attribute `{1}`.'],
  E1068: ['Could not find TrackedEntity: `{0}`, linked to Enrollment.', 'Could not find TrackedEntity: `{0}` linked to Enrollment.'],
  E1069: ['Could not find Program: `{0}`, linked to Enrollment.', 'Could not find Program: `{0}` linked to Enrollment.'],
  E1070: ['Could not find OrganisationUnit: `{0}`, linked to Enrollment.', 'Could not find OrganisationUnit: `{0}` linked to Enrollment.'],
  E1076: ['`{0}` `{1}` is mandatory and cannot be null'],
  E1077: ['Attribute: `{0}`, text value exceed the maximum allowed length: `{1}`.'],
  E1079: [
    'Event: `{0}`, program: `{1}` is different from program defined in enrollment `{2}`.',
    'Event: `{0}`, program: `{1}` is different from program defined in enrollment `{2}`.',
  ],
  E1080: ['Enrollment: `{0}`, already exists.', 'Enrollment: `{0}` already exists.'],
  E1081: ['Enrollment: `{0}`, do not exist.'],
  E1082: ['Event: `{0}`, is already deleted and cannot be modified.'],
  E1089: ['Event: `{0}`, references a Program Stage `{1}` that does not belong to Program `{2}`.'],
  E1090: [
    'Attribute: `{0}`, is mandatory in tracked entity type `{1}` but not declared in tracked entity `{2}`.',
    'Attribute: `{0}` is mandatory in TrackedEntityType `{1}` but not declared in TrackedEntity `{2}`.',
  ],
  E1113: ['Enrollment: `{0}`, is already deleted and cannot be modified.', 'Enrollment: `{0}` is already deleted and cannot be modified.'],
  E1114: [
    'TrackedEntity: `{0}`, is already deleted and cannot be modified.',
    'TrackedEntity: `{0}` is already deleted and cannot be modified.',
  ],
  E1121: ['Missing required trackedEntity property: `{0}`.'],
  E1122: ['Missing required enrollment property: `{0}`.'],
  E1123: ['Missing required event property: `{0}`.'],
  E1125: ['Value `{0}` is not a valid option code in option set `{1}`', 'Value `{0}` is not a valid option code in OptionSet `{1}`.'],
  E1126: ['Not allowed to update Tracked Entity property: {0}.', 'Not allowed to update trackedEntity property: {0}.'],
  E1127: ['Not allowed to update Enrollment property: {0}.', 'Not allowed to update enrollment property: {0}.'],
  E1128: ['Not allowed to update Event property: {0}.', 'Not allowed to update event property: {0}.'],
  E1302: ['DataElement `` is not valid: `{1}`', 'DataElement `{0}` is not valid: `{1}`.'],
  E1303: ['Mandatory DataElement `{0}` is not present', 'Mandatory DataElement `{0}` is not present.'],
  E1304: ['DataElement `{0}` is not a valid data element', 'DataElement `{0}` is not a valid DataElement.'],
  E1305: ['DataElement `{0}` is not part of `{1}` program stage', 'DataElement `{0}` is not part of ProgramStage `{1}`.'],
  E1313: [
    'Event {0} of an enrollment does not point to an existing tracked entity. The data in your system might be corrupted',
    'Event `{0}` of an Enrollment does not reference a TrackedEntity.',
  ],
  E1315: [
    'Status `{0}` does not allow defining data values. Statuses that do allow defining data values are: [ACTIVE, VISITED, COMPLETED]',
    'Status `{0}` does not allow defining data values. Statuses that do allow defining data values are: [ACTIVE, VISITED, COMPLETED].',
  ],
  E5000: [
    '"{0}" `{1}` cannot be persisted because "{2}" `{3}` referenced by it cannot be persisted.',
    '{0} `{1}` cannot be created because {2} `{3}` referenced by it could not be created.',
  ],
}

/** Sentences that 2.43 reworded again. */
const SENTENCES_43: Readonly<Record<string, string>> = {
  E1000: 'User: `{0}` has no capture scope access to OrganisationUnit: `{1}`.',
  E1076: '`{0}` `{1}` is mandatory and must be specified.',
  E1079: 'Event: `{0}` Program: `{1}` is different from Program defined in Enrollment `{2}`.',
  E1081: 'Enrollment: `{0}` do not exist.',
  E1082: 'Event: `{0}` is already deleted and cannot be modified.',
  E1089: 'Event: `{0}` references ProgramStage `{1}` which do not belong to Program `{2}`.',
}

export function trackerError(
  facts: VersionFacts,
  trackerType: TrackerType,
  uid: string,
  errorCode: string,
  ...args: string[]
): TrackerError {
  const [of41, of42] = SENTENCES[errorCode] ?? [errorCode]
  const sentence = facts.minor >= 43 ? (SENTENCES_43[errorCode] ?? of42 ?? of41) : facts.minor === 42 ? (of42 ?? of41) : of41
  const message = sentence.replace(/\{(\d)\}/g, (_, n: string) => args[Number(n)] ?? '')
  return { message, errorCode, trackerType, uid, args }
}

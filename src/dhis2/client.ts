import type {
  Dhis2Enrollment,
  Dhis2Event,
  Dhis2TrackedEntity,
  EnrollmentPayload,
  ImportReport,
  Metadata,
  TrackedEntityPayload,
} from '../core/model.ts'
import type { Catalogue } from './catalogue.ts'

export interface SystemInfo {
  /** as the server says, for example 2.41.10-SNAPSHOT */
  version: string
  /** minor version as a number: 41 */
  minor: number
  revision: string | null
}

export interface ImportOptions {
  /**
   * true: DHIS2 only validates (importMode=VALIDATE) and saves nothing. `canValidate` says whether the adapter has it.
   * `context` are objects of the same patients that earlier requests of a real run would have saved; their results are left out of the report.
   */
  validateOnly?: { trackedEntities: readonly TrackedEntityPayload[]; enrollments: readonly EnrollmentPayload[] }
  /** when DHIS2 does not answer in time, the caller sends it in parts: throws NotInTime */
  divisible?: boolean
}

/** The port to DHIS2. Two adapters: legacy (2.30–2.41) and tracker (2.36 and later). */
export interface Dhis2Client extends Catalogue {
  readonly api: 'legacy' | 'tracker'
  readonly server: SystemInfo
  /** false for the legacy API: 2.30 saves in spite of dryRun=true (case 22 of the recorded answers) */
  readonly canValidate: boolean
  /**
   * false for the legacy API: a new event goes to the person's ACTIVE enrollment whatever it names (case 13), so an enrollment has to be
   * ACTIVE, and the only one, while its new events are sent.
   */
  readonly addsEventsToAnyEnrollment: boolean

  /** Org units with a code, attributes, data elements, option sets, and the named programs with their stages. */
  readMetadata(programs: readonly string[]): Promise<Metadata>

  /**
   * Tracked entities whose attributes have, for every filter, one of its values (any case). May return more than was asked for
   * (values that the API cannot express are searched more widely): compare the values that come back.
   */
  searchTrackedEntities(
    trackedEntityType: string,
    filters: readonly { attribute: string; values: readonly string[] }[],
  ): Promise<Dhis2TrackedEntity[]>

  /** The living ones among the asked uids. */
  readTrackedEntities(uids: readonly string[]): Promise<Dhis2TrackedEntity[]>

  /** All living enrollments of these tracked entities in the program. */
  readEnrollments(program: string, trackedEntities: readonly string[]): Promise<Dhis2Enrollment[]>

  /** All living events with their data values of these enrollments. */
  readEvents(program: string, enrollments: readonly Pick<Dhis2Enrollment, 'enrollment' | 'trackedEntity'>[]): Promise<Dhis2Event[]>

  /** Creates or updates. Throws RequestRefused when DHIS2 refuses the request as a whole, TransientFailure, AccessRefused. */
  importTrackedEntities(trackedEntities: readonly TrackedEntityPayload[], options?: ImportOptions): Promise<ImportReport>

  /** Creates or updates enrollments and their events; see importTrackedEntities for the errors. */
  importEnrollments(enrollments: readonly EnrollmentPayload[], options?: ImportOptions): Promise<ImportReport>

  close(): Promise<void>
}

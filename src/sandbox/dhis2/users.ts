import type { MetadataIndex } from './metadata.ts'
import { REFERENCE_CLINICS } from './reference-metadata.ts'

export interface SandboxUser {
  uid: string
  username: string
  password: string
  firstName: string
  surname: string
  /** data capture, below these too */
  orgUnits: readonly string[]
  /** tracked entity search, below these too; none means the capture org units */
  searchOrgUnits: readonly string[]
  /** 'ALL' makes a superuser */
  authorities: readonly string[]
  /** personal access tokens that are there from the start */
  tokens?: readonly string[]
}

const TRACKER_AUTHORITIES = [
  'F_TRACKED_ENTITY_INSTANCE_SEARCH_IN_ALL_ORGUNITS',
  'F_TEI_CASCADE_DELETE',
  'F_ENROLLMENT_CASCADE_DELETE',
  'F_UNCOMPLETE_EVENT',
  'F_EDIT_EXPIRED',
  'F_EXPORT_DATA',
  'M_dhis-web-tracker-capture',
  'F_TRACKED_ENTITY_INSTANCE_ADD',
  'F_TRACKED_ENTITY_INSTANCE_DELETE',
  'F_TRACKED_ENTITY_INSTANCE_SEARCH',
  'F_TRACKED_ENTITY_INSTANCE_LIST',
  'F_PROGRAM_ENROLLMENT',
  'F_PROGRAM_UNENROLLMENT',
  'F_TRACKER_IMPORTER_EXPERIMENTAL',
]

/** The accounts of the reference servers: a superuser, and an account for integrations. */
export const REFERENCE_USERS: readonly SandboxUser[] = [
  {
    uid: 'USERadmin01',
    username: 'admin',
    password: 'district',
    firstName: 'John',
    surname: 'Traore',
    orgUnits: ['OUCountry01'],
    searchOrgUnits: ['OUCountry01'],
    authorities: ['ALL'],
  },
  {
    uid: 'USERsync001',
    username: 'sync',
    password: 'Sync-2024!pw',
    firstName: 'Integration',
    surname: 'Account',
    orgUnits: REFERENCE_CLINICS,
    searchOrgUnits: ['OUCountry01'],
    authorities: TRACKER_AUTHORITIES,
  },
]

/** A user with the org units that he reaches, written out. */
export interface Account extends SandboxUser {
  superuser: boolean
  captureScope: ReadonlySet<string>
  searchScope: ReadonlySet<string>
}

/** All org units that are, or lie below, one of the given. */
export function subtree(metadata: MetadataIndex, roots: readonly string[]): Set<string> {
  const found = new Set<string>()
  const queue = [...roots]
  for (let uid = queue.pop(); uid !== undefined; uid = queue.pop()) {
    const unit = metadata.orgUnits.get(uid)
    if (unit === undefined || found.has(uid)) continue
    found.add(uid)
    queue.push(...unit.children)
  }
  return found
}

export function accountOf(user: SandboxUser, metadata: MetadataIndex): Account {
  return {
    ...user,
    superuser: user.authorities.includes('ALL'),
    captureScope: subtree(metadata, user.orgUnits),
    searchScope: subtree(metadata, [...user.orgUnits, ...user.searchOrgUnits]),
  }
}

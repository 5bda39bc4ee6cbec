/** Everyone who may ask the API, with real credentials: nobody, accounts, tokens, and users of OpenMRS. */
import type { Store } from '../../sql/store/store.ts'
import { hashOf, newSecret, TOKEN_PREFIX } from '../../src/accounts/secret.ts'
import { PRIVILEGES, RIGHTS, type Right } from '../../src/api/contract/operation.ts'
import type { StandInOpenmrs } from './openmrs.ts'

export interface Person {
  name: string
  /** null: may not enter */
  rights: readonly Right[] | null
  /** signed in; false: nobody */
  known: boolean
  headers: Record<string, string>
}

const SETS: readonly (readonly [name: string, rights: readonly Right[]])[] = [
  ['enter only', []],
  ...RIGHTS.map((right): [string, Right[]] => [right, [right]]),
  ['all', RIGHTS],
]

/** A session of an account, as if somebody had signed in. */
export async function localSession(store: Store, name: string, rights: readonly Right[]): Promise<string> {
  await store.addAccount({ name, password: 'scrypt$2$1$1$AA$AA', rights })
  const secret = newSecret()
  await store.addSession(hashOf(secret), { name, password: 'scrypt$2$1$1$AA$AA' }, 12)
  return `dhis2sync_session=${secret}`
}

export async function token(store: Store, name: string, rights: readonly Right[]): Promise<string> {
  const secret = `${TOKEN_PREFIX}${newSecret()}`
  await store.addToken({ name, hash: hashOf(secret), rights, createdBy: 'test', days: 1 })
  return `Bearer ${secret}`
}

export async function everyone(store: Store, openmrs: StandInOpenmrs): Promise<Person[]> {
  const people: Person[] = [{ name: 'nobody', rights: null, known: false, headers: {} }]
  for (const [set, rights] of SETS) {
    const name = set.replace(' ', '-')
    people.push({ name: `account: ${set}`, rights, known: true, headers: { cookie: await localSession(store, `local-${name}`, rights) } })
    people.push({ name: `token: ${set}`, rights, known: true, headers: { authorization: await token(store, name, rights) } })
    openmrs.addUser({ username: name, privileges: [PRIVILEGES.enter, ...rights.map((right) => PRIVILEGES[right]), 'app:clinical'] })
    people.push({ name: `OpenMRS: ${set}`, rights, known: true, headers: { cookie: `reporting_session=${openmrs.signIn(name)}` } })
  }
  openmrs.addUser({ username: 'stranger', privileges: [...RIGHTS.map((right) => PRIVILEGES[right]), 'app:dhis2syncing', 'app:admin'] })
  people.push({
    name: 'OpenMRS: all but entering',
    rights: null,
    known: true,
    headers: { cookie: `JSESSIONID=${openmrs.signIn('stranger')}` },
  })
  return people
}

/** What OpenMRS says of a session: who it is, and which of our privileges they have. */
import { z } from 'zod'
import { OpenmrsUnavailable } from './errors.ts'
import type { OpenmrsHttp } from './http.ts'

export interface OpenmrsUser {
  name: string
  /** those that begin with app:dhis2sync */
  privileges: ReadonlySet<string>
}

const OURS = 'app:dhis2sync'
const text = z.string().nullish()
const answer = z.discriminatedUnion('authenticated', [
  z.object({ authenticated: z.literal(false) }),
  z.object({
    authenticated: z.literal(true),
    user: z
      .object({ display: text, username: text, systemId: text, privileges: z.array(z.object({ display: text, name: text })).nullish() })
      .refine((user) => nameOf(user) !== ''),
  }),
])

/** @returns null: nobody is signed in with it @throws OpenmrsUnavailable */
export async function askForUser(http: OpenmrsHttp, session: string): Promise<OpenmrsUser | null> {
  const { status, body } = await http.request('GET', 'session', { session })
  if (status >= 400) return null
  const { user } = sessionOf(body)
  if (!user) return null
  const names = (user.privileges ?? []).flatMap(({ display, name }) => [display, name])
  return {
    name: nameOf(user),
    privileges: new Set(names.filter((name) => typeof name === 'string' && name.startsWith(OURS))) as Set<string>,
  }
}

/** @throws OpenmrsUnavailable: another program answers here, or a page of a proxy */
export function sessionOf(body: unknown): { user: z.infer<(typeof answer)['options'][1]>['user'] | null } {
  const { data } = answer.safeParse(body)
  if (!data)
    throw new OpenmrsUnavailable(
      'The address of OPENMRS_URL answers otherwise than OpenMRS does. Is it OpenMRS itself, as in http://localhost:8050/openmrs?',
    )
  return { user: data.authenticated ? data.user : null }
}

type Named = { display?: string | null | undefined; username?: string | null | undefined; systemId?: string | null | undefined }
const nameOf = ({ display, username, systemId }: Named) =>
  [display, username, systemId]
    .map((name) => name?.trim() ?? '')
    .find((name) => name !== '')
    ?.slice(0, 200) ?? ''

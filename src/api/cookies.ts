/** The cookies that say who somebody is: ours, and OpenMRS's. */
import { parseCookie, stringifySetCookie } from 'cookie'

const OWN = 'dhis2sync_session'
/** Bahmni's Apache copies JSESSIONID, which belongs to /openmrs, to reporting_session, which belongs to all pages. */
const OPENMRS = ['reporting_session', 'JSESSIONID']
/** A made-up header must not cost a question to OpenMRS for each of its cookies. */
const MOST = 3

/** Values of all cookies of this name: a browser sends one for each path that has one, and a stale one may come first. */
const valuesOf = (header: string, name: string) =>
  header.split(';').flatMap((part) => {
    const value = parseCookie(part)[name]
    return value === undefined ? [] : [value]
  })
const distinct = (values: readonly string[]) => [...new Set(values)].slice(0, MOST)

export const ownSessions = (header = '') => distinct(valuesOf(header, OWN).filter((value) => /^[\w-]{43}$/.test(value)))

/** As a servlet container makes them; nothing else goes into a header of ours. */
export const openmrsSessions = (header = '') =>
  distinct(OPENMRS.flatMap((name) => valuesOf(header, name)).filter((value) => /^[\w.~!*-]{1,200}$/.test(value)))

/** Gone with the browser: in a clinic the next user sits down at the same machine. */
const kept = (secure: boolean) => ({ path: '/', httpOnly: true, sameSite: 'strict', secure }) as const

export const sessionCookie = (secret: string, secure: boolean) => stringifySetCookie(OWN, secret, kept(secure))
export const noSessionCookie = (secure: boolean) => stringifySetCookie(OWN, '', { ...kept(secure), maxAge: 0 })

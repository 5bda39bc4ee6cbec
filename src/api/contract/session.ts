/** Who am I, and signing in and out. */
import { z } from 'zod'
import { instant } from './common.ts'
import { defineOperations, RIGHTS } from './operation.ts'

export const sessionSchema = z.object({
  user: z.string(),
  rights: z.array(z.enum(RIGHTS)),
  via: z.enum(['openmrs', 'local', 'token']),
  expiresAt: instant.nullable().meta({ description: 'null: OpenMRS, or the token’s maker, decides' }),
})

export const sessionOperations = defineOperations({
  readLoginOptions: {
    method: 'get',
    path: '/login-options',
    summary: 'How users sign in here',
    access: 'anyone',
    answers: {
      200: z.object({
        local: z.boolean().meta({ description: 'with a name and a password of this program' }),
        openmrsLoginUrl: z.string().nullable().meta({ description: 'Bahmni’s own login page; null: OpenMRS is not asked' }),
      }),
    },
  },
  readSession: { method: 'get', path: '/session', summary: 'Who is signed in', access: [], answers: { 200: sessionSchema } },
  signIn: {
    method: 'post',
    path: '/session',
    summary: 'Sign in with a local account; the session is a cookie',
    access: 'anyone',
    body: z.object({ name: z.string().min(1).max(200), password: z.string().min(1).max(1000) }),
    answers: { 200: sessionSchema },
    problems: ['wrong-password', 'too-many-requests', 'foreign-origin'],
  },
  signOut: { method: 'delete', path: '/session', summary: 'Sign out', access: [], answers: { 204: null }, problems: ['foreign-origin'] },
  signOutEverywhere: {
    method: 'delete',
    path: '/sessions',
    summary: 'End all sessions of the own local account',
    access: [],
    answers: { 204: null },
    problems: ['foreign-origin'],
  },
})

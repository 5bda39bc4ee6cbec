import type { sessionOperations } from '../../contract/session.ts'
import type { Handlers } from '../../handler.ts'
import { readLoginOptions } from './read-login-options.ts'
import { readSession } from './read-session.ts'
import { signIn } from './sign-in.ts'
import { signOut } from './sign-out.ts'
import { signOutEverywhere } from './sign-out-everywhere.ts'

export const sessionHandlers: Handlers<typeof sessionOperations> = { readLoginOptions, readSession, signIn, signOut, signOutEverywhere }

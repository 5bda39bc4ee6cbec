import { createContext, use } from 'react'
import type { Answer } from '../api/client.ts'
import type { Right } from '../../../src/api/contract/operation.ts'

export type Session = Answer<'readSession'>

export const SessionContext = createContext<Session>({ user: '', rights: [], via: 'local', expiresAt: null })
export const useSession = (): Session => use(SessionContext)

export const mayOne = ({ rights }: Session, needed: readonly Right[]) =>
  needed.length === 0 || needed.some((right) => rights.includes(right))

import { createContext, use } from 'react'
import type { Call } from './client.ts'

export const ApiContext = createContext<Call>(() => Promise.reject(new Error('there is no client')))
export const useApi = (): Call => use(ApiContext)

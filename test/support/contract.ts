/** Every operation that the contract declares, whether it has a handler yet or not. */
import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Operations } from '../../src/api/contract/operation.ts'
import type { Route } from '../../src/api/handler.ts'

const FOLDER = resolve('src', 'api', 'contract')
const modules = await Promise.all(readdirSync(FOLDER).map((file) => import(resolve(FOLDER, file)) as Promise<Record<string, unknown>>))

export const all: readonly Route[] = modules
  .flatMap((module) => Object.entries(module).filter(([name]) => name.endsWith('Operations') && name !== 'defineOperations'))
  .flatMap(([, operations]) => Object.entries(operations as Operations))
  .map(([name, operation]) => ({ name, operation, handler: () => Promise.reject(new Error('it has no handler here')) }))

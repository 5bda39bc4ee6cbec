/** Every route of /api/v1, room by room. */
import type { Route } from './handler.ts'

export const routes: readonly Route[] = []

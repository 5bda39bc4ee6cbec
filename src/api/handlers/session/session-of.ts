import type { z } from 'zod'
import { RIGHTS } from '../../contract/operation.ts'
import type { sessionSchema } from '../../contract/session.ts'
import type { Principal } from '../../principal.ts'

export const sessionOf = ({ name, rights, via, expiresAt }: Principal): z.input<typeof sessionSchema> => ({
  user: name,
  rights: RIGHTS.filter((right) => rights.has(right)),
  via,
  expiresAt: expiresAt?.toISOString() ?? null,
})

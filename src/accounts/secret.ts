/** Random secrets that are handed out once: of sessions and of tokens. */
import { createHash, randomBytes } from 'node:crypto'

/** 256 bits, in letters that a cookie and a header take. */
export const newSecret = () => randomBytes(32).toString('base64url')

/** What we keep of a secret. It is random throughout, so a fast hash tells nobody what it is. */
export const hashOf = (secret: string) => createHash('sha256').update(secret).digest('hex')

export const TOKEN_PREFIX = 'dhis2sync_'

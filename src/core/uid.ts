/** UIDs are ours and follow from what they stand for: a repeated send is harmless, and a lost tracker table makes no duplicates. */
import { createHmac } from 'node:crypto'
import type { Kind } from './model.ts'

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const ALPHABET = `${LETTERS}0123456789`
const LENGTH = 11
const UID = /^[A-Za-z][A-Za-z0-9]{10}$/

export const isUid = (text: string) => UID.test(text)

/** The natural keys; SQL builds the same strings for a snapshot's record_key. */
export const enrollmentKey = (program: string, programUniqueId: string) => `${program}/${programUniqueId}`
export const eventKey = (program: string, programStage: string, eventUniqueId: string) => `${program}/${programStage}/${eventUniqueId}`

/** `generation` counts up when an administrator gives up a uid that DHIS2 has deleted for good. */
export type UidFactory = (kind: Kind, naturalKey: string, generation?: number) => string

/** The tracked entity's key is the patient id alone, so it comes out the same for every mapping. Two sites never share a uid. */
export function createUidFactory(siteId: string): UidFactory {
  return (kind, naturalKey, generation = 0) => {
    const digest = createHmac('sha256', siteId)
      .update(JSON.stringify([kind, naturalKey, generation]))
      .digest()
    // 52 × 62^10 of the 2^128 values of the first 16 bytes: the bias is below 2^-60
    let rest = digest.readBigUInt64BE(0) * 2n ** 64n + digest.readBigUInt64BE(8)
    let uid = LETTERS[Number(rest % 52n)]!
    rest /= 52n
    while (uid.length < LENGTH) {
      uid += ALPHABET[Number(rest % 62n)]!
      rest /= 62n
    }
    return uid
  }
}

import { refusal } from './http.ts'
import { type LegacyAttribute, refuseUnreadableDate } from './legacy-body.ts'
import type { LegacyContext } from './legacy-context.ts'
import type { Conflict } from './legacy-summaries.ts'
import type { Attribute } from './metadata.ts'
import type { TrackedEntity } from './state.ts'
import { fitsValueType, fitsValueTypeWithTime } from './values.ts'

const MAX_LENGTH = 1200

const WRONG_TYPE: Readonly<Record<string, string>> = {
  NUMBER: 'is not a valid numeric type for attribute',
  INTEGER: 'is not a valid numeric type for attribute',
  BOOLEAN: 'is not a valid boolean type for attribute',
  TRUE_ONLY: 'is not true (true-only type) for attribute',
  DATE: 'is not a valid date for attribute',
  AGE: 'is not a valid date for attribute',
  DATETIME: 'is not a valid datetime for attribute',
}

function problem(attribute: Attribute, value: string, context: LegacyContext): string | null {
  const later = context.facts.minor > 30
  if (later && value.length > MAX_LENGTH) return `Value exceeds the character limit of ${MAX_LENGTH} characters: '${value.slice(0, 25)}...'`
  if (attribute.valueType === 'DATE') refuseUnreadableDate(value, context.facts)
  const complaint = WRONG_TYPE[attribute.valueType]
  const fits = later ? fitsValueTypeWithTime(attribute.valueType, value) : fitsValueType(attribute.valueType, value)
  // 2.41 has no sentence for the other types, and loses the request
  if (complaint === undefined && !fits && later)
    throw refusal(500, 'Transaction silently rolled back because it has been marked as rollback-only')
  if (complaint !== undefined && !fits) return `Value '${value.slice(0, 30)}' ${complaint} ${attribute.id}`
  if (attribute.optionSet !== undefined && !isOption(attribute.optionSet, value, context)) {
    return `Value '${value.slice(0, 30)}' is not a valid option for attribute ${attribute.id} and option set ${attribute.optionSet}`
  }
  return null
}

function isOption(optionSet: string, value: string, context: LegacyContext): boolean {
  const codes = context.metadata.optionCodes.get(optionSet) ?? new Set()
  if (codes.has(value)) return true
  // 2.41 does not mind the case of the letters
  return context.facts.minor > 30 && [...codes].some((code) => code.toLowerCase() === value.toLowerCase())
}

/** The conflicts of attribute values: unknown, of the wrong kind, or another person's. */
export function attributeConflicts(attributes: readonly LegacyAttribute[], owner: string | null, context: LegacyContext): Conflict[] {
  return attributes.flatMap(({ attribute, value }): Conflict[] => {
    const known = context.metadata.attributes.get(attribute)
    if (known === undefined) return [{ object: 'Attribute.attribute', value: `Invalid attribute ${attribute}` }]
    if (value === null) return []
    const found = problem(known, value, context)
    const conflicts = found === null ? [] : [{ object: 'Attribute.value', value: found }]
    // unlike the tracker API, whatever the case of the letters
    if (known.unique === true && context.state.withValue(attribute, value).some(({ uid }) => uid !== owner)) {
      conflicts.push({ object: 'Attribute.value', value: `Non-unique attribute value '${value}' for attribute ${attribute}` })
    }
    return conflicts
  })
}

/** Stores attribute values. An empty one clears on 2.41; 2.30 passes it over. */
export function storeAttributes(entity: TrackedEntity, attributes: readonly LegacyAttribute[], context: LegacyContext): void {
  for (const { attribute, value } of attributes) {
    if (value === null && context.facts.minor === 30) continue
    context.state.setAttribute(entity, attribute, value, context.account.username)
  }
}

/** What DHIS2 stores for a Mart value: a second, simple telling, for the value types of the reference metadata. */
import { REFERENCE_METADATA } from '../../src/sandbox/dhis2/reference-metadata.ts'

export type ExpectedValue =
  | { value: string | null }
  | { code: 'value-invalid' | 'value-not-an-option' | 'value-too-long' | 'field-unknown' }

const FORMS: Readonly<Record<string, RegExp>> = {
  BOOLEAN: /^(true|false)$/,
  DATE: /^[12]\d{3}-\d{2}-\d{2}$/,
  INTEGER_POSITIVE: /^[1-9]\d*$/,
  INTEGER_ZERO_OR_POSITIVE: /^(0|[1-9]\d*)$/,
  NUMBER: /^-?(0|[1-9]\d*)(\.\d+)?$/,
  PHONE_NUMBER: /^[-0-9+()#./ ext]{6,50}$/,
}
const SPELLINGS: Readonly<Record<string, string>> = { yes: 'true', t: 'true', no: 'false', f: 'false' }

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase()

export function expectedValue(text: string | null | undefined, field: string): ExpectedValue {
  const value = (text ?? '').trim()
  if (value === '') return { value: null }
  const attribute = REFERENCE_METADATA.attributes.find((a) => a.id === field)
  const found = attribute ?? REFERENCE_METADATA.dataElements.find((d) => d.id === field)
  if (!found) return { code: 'field-unknown' }
  if (found.optionSet) {
    const { options } = REFERENCE_METADATA.optionSets.find((set) => set.id === found.optionSet)!
    const option =
      options.find((o) => o.code === value) ?? options.find((o) => same(o.code, value)) ?? options.find((o) => same(o.name, value))
    return option ? { value: option.code } : { code: 'value-not-an-option' }
  }
  if (value.length > (attribute ? 1200 : 50_000)) return { code: 'value-too-long' }
  const form = FORMS[found.valueType]
  const written = found.valueType === 'BOOLEAN' ? (SPELLINGS[value.toLowerCase()] ?? value.toLowerCase()) : value
  return !form || form.test(written) ? { value: written } : { code: 'value-invalid' }
}

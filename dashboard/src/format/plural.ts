/** "1 record", "2 records": in the language's own classes of number. */
export function plural(language: string) {
  const rules = new Intl.PluralRules(language)
  const numbers = new Intl.NumberFormat(language)
  return (n: number, forms: { one: string; other: string }): string =>
    (rules.select(n) === 'one' ? forms.one : forms.other).replace('#', numbers.format(n))
}

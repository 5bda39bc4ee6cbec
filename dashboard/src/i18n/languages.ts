import { en, type Catalogue } from './en.ts'

export const LANGUAGES = { en: 'English', fr: 'Français', pt: 'Português' } as const
export type Language = keyof typeof LANGUAGES

/** Loaded when they are chosen. */
export const CATALOGUES: Readonly<Record<Language, () => Promise<Catalogue>>> = {
  en: () => Promise.resolve(en),
  fr: async () => (await import('./fr.ts')).fr,
  pt: async () => (await import('./pt.ts')).pt,
}

/** The viewer's choice, otherwise the first language of the browser that we speak. */
export function languageOf(chosen: string | null, preferred: readonly string[]): Language {
  const known = (tag: string): tag is Language => Object.hasOwn(LANGUAGES, tag)
  return [chosen ?? '', ...preferred].map((tag) => tag.toLowerCase().split('-')[0] ?? '').find(known) ?? 'en'
}

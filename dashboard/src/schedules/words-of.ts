import cronstrue from 'cronstrue'
import 'cronstrue/locales/fr.js'
import 'cronstrue/locales/pt_PT.js'
import type { Language } from '../i18n/languages.ts'

const LOCALES: Readonly<Record<Language, string>> = { en: 'en', fr: 'fr', pt: 'pt_PT' }

/** null: it is no cron expression */
export function wordsOf(cron: string, language: Language): Promise<string | null> {
  try {
    return Promise.resolve(
      cronstrue.toString(cron, { locale: LOCALES[language], use24HourTimeFormat: true, throwExceptionOnParseError: true }),
    )
  } catch {
    return Promise.resolve(null)
  }
}

import { createContext, use } from 'react'
import { createFormat, type Format } from '../format/format.ts'
import { en, type Catalogue } from './en.ts'
import type { Language } from './languages.ts'

export interface Speech {
  language: Language
  texts: Catalogue
  format: Format
  speak: (language: Language) => void
}

export const SpeechContext = createContext<Speech>({ language: 'en', texts: en, format: createFormat('en'), speak: () => {} })
export const useTexts = (): Catalogue => use(SpeechContext).texts
export const useFormat = (): Format => use(SpeechContext).format

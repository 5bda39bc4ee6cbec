import { useEffect, useState, use } from 'react'
import { SpeechContext } from '../i18n/texts.tsx'
import { wordsOf } from './words-of.ts'

/** A cron expression in words; itself, while it is none. */
export function CronWords({ cron }: { cron: string }) {
  const { language } = use(SpeechContext)
  const [words, setWords] = useState<string | null>(null)
  useEffect(() => {
    let current = true
    void wordsOf(cron, language).then((said) => {
      if (current) setWords(said)
    })
    return () => {
      current = false
    }
  }, [cron, language])
  return <span>{words ?? cron}</span>
}

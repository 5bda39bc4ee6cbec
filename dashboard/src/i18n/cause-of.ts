import type { Catalogue } from './en.ts'

interface Cause {
  title: string
  remedy: string
}

/** What is wrong and what to do, in the viewer's language. A page that was loaded before the server was renewed may lack a code: it says the server's words. */
export function causeOf({ code, title, remedy }: Cause & { code: string }, rejections: Catalogue['rejections']): Cause {
  const known: Readonly<Record<string, Cause>> = rejections
  return known[code] ?? { title, remedy }
}

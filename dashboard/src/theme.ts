import { remember, remembered } from './remembered.ts'

export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

export const themeOf = (): Theme => THEMES.find((theme) => theme === remembered('theme')) ?? 'system'

/** The stylesheet follows the system unless the page says otherwise. */
export function applyTheme(theme: Theme = themeOf()): void {
  remember('theme', theme)
  if (theme === 'system') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = theme
}

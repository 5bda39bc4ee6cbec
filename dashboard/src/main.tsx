import './style/index.scss'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { CATALOGUES, languageOf } from './i18n/languages.ts'
import { remembered } from './remembered.ts'
import { applyTheme } from './theme.ts'

applyTheme()
const language = languageOf(remembered('language'), navigator.languages)
void CATALOGUES[language]().then((texts) => createRoot(document.querySelector('#app')!).render(<App first={{ language, texts }} />))

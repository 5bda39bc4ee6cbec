import { createBrowserRouter, type RouteObject } from 'react-router'
import { Crashed } from './pages/crashed.tsx'
import { NotFound } from './pages/not-found.tsx'
import { SignedIn } from './login/signed-in.tsx'
import { Shell } from './shell/shell.tsx'
import { AllLoading } from './parts/page-loading.tsx'

/** One file of code for each page, loaded when it is first opened. */
const page = (path: string, load: () => Promise<() => React.JSX.Element>): RouteObject => ({
  path,
  lazy: async () => ({ Component: await load() }),
})

const pages: RouteObject[] = [
  page('', async () => (await import('./pages/home.tsx')).HomePage),
  page('mapping', async () => (await import('./pages/mappings.tsx')).MappingsPage),
  page('mapping/new', async () => (await import('./pages/mapping-form.tsx')).NewMappingPage),
  page('mapping/edit/:name', async () => (await import('./pages/mapping-form.tsx')).EditMappingPage),
  page('sync', async () => (await import('./pages/sync.tsx')).SyncPage),
  page('runs/:id', async () => (await import('./pages/run.tsx')).RunPage),
  page('preview/:service/:start?/:end?', async () => (await import('./pages/preview.tsx')).PreviewPage),
  page('rejected', async () => (await import('./pages/rejected.tsx')).RejectedPage),
  page('schedules', async () => (await import('./pages/schedules.tsx')).SchedulesPage),
  page('logs', async () => (await import('./pages/logs.tsx')).LogsPage),
  page('settings', async () => (await import('./pages/settings.tsx')).SettingsPage),
  { path: 'login', Component: SignedIn },
  { path: '*', Component: NotFound },
]

export const createRouter = () =>
  createBrowserRouter(
    [
      {
        Component: Shell,
        HydrateFallback: AllLoading,
        children: [{ errorElement: <Crashed />, children: pages }],
      },
    ],
    { basename: new URL(document.baseURI).pathname },
  )

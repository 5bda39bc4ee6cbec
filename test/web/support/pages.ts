/** Every page, and what it is seen on. */
import type { AllOperations } from '../../../dashboard/operations.ts'
import { PHONE } from './browser.ts'
import type { FakeState } from './fake-api.ts'

interface PageUnderTest {
  path: (state: FakeState) => string
  title: string
  reads: (keyof AllOperations)[]
  empty?: { prepare: (state: FakeState) => void; text: string }
}

const nothing = (state: FakeState) => {
  state.mappings.clear()
  state.syncs.clear()
  state.rejected = []
  state.logs = []
  state.schedules.clear()
}
export const PAGES: Record<string, PageUnderTest> = {
  home: {
    path: () => '/',
    title: 'DHIS2 Sync',
    reads: ['readLastSyncs', 'readStatus', 'readStatistics'],
    empty: { prepare: nothing, text: 'There are no mappings yet.' },
  },
  mappings: {
    path: () => '/mapping',
    title: 'Manage Mapping',
    reads: ['listMappings'],
    empty: { prepare: nothing, text: 'There are no mappings yet.' },
  },
  'new mapping': { path: () => '/mapping/new', title: 'Add Mapping', reads: [] },
  'edit mapping': { path: () => '/mapping/edit/HTS%20Service', title: 'Edit HTS Service', reads: ['readMapping'] },
  sync: {
    path: () => '/sync',
    title: 'Sync to DHIS',
    reads: ['readLastSyncs'],
    empty: { prepare: nothing, text: 'There are no mappings yet. A sync needs one.' },
  },
  run: { path: (state) => `/runs/${[...state.syncs.keys()][0]}`, title: 'Sync of HTS Service', reads: ['readSync'] },
  preview: { path: () => '/preview/HTS%20Service', title: 'Preview of HTS Service', reads: ['readPreview'] },
  rejected: {
    path: () => '/rejected',
    title: 'Rejected records',
    reads: ['groupRejected'],
    empty: { prepare: nothing, text: 'No rejected records. DHIS2 has taken everything.' },
  },
  schedules: {
    path: () => '/schedules',
    title: 'Schedules',
    reads: ['listSchedules'],
    empty: { prepare: nothing, text: 'Nothing is synced by itself yet.' },
  },
  logs: {
    path: () => '/logs?all=yes',
    title: 'Logs',
    reads: ['listLogs'],
    empty: { prepare: nothing, text: 'No matching events found for given criteria !!' },
  },
  settings: { path: () => '/settings', title: 'Settings and status', reads: ['readSettings'] },
  'not found': { path: () => '/no-such-page', title: 'There is no such page', reads: [] },
}

export const LOOKS = {
  desktop: {},
  tablet: { viewport: { width: 768, height: 1024 } },
  phone: { viewport: PHONE, isMobile: true, hasTouch: true },
  dark: { colorScheme: 'dark' as const },
}

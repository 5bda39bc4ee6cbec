/** The sandbox DHIS2: for the demo, training and tests. */
export { startSandbox, type Sandbox, type SandboxOptions } from './dhis2/server.ts'
export type {
  Control,
  Dump,
  DumpedEnrollment,
  DumpedEvent,
  DumpedTrackedEntity,
  Fault,
  ForeignEdit,
  LoggedRequest,
} from './dhis2/controls.ts'
export { isVersion, VERSIONS, type Version } from './dhis2/versions.ts'

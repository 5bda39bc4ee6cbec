/** The sandbox DHIS2: for the demo, training and tests. */
export { startSandbox, type Sandbox } from './dhis2/server.ts'
export { type Version } from './dhis2/versions.ts'

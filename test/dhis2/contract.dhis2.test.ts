import { afterAll, beforeAll, describe, test } from 'vitest'
import { type Sandbox, startSandbox, type Version } from '../../src/sandbox/start.ts'
import { enrollmentCases } from './contract/enrollments.ts'
import { eventCases } from './contract/events.ts'
import { metadataCases } from './contract/metadata.ts'
import { personCases } from './contract/persons.ts'
import { readingCases } from './contract/reading.ts'
import { requestCases } from './contract/requests.ts'
import { type Dialect, DIALECTS, Target } from './contract/target.ts'

/**
 * What this program relies on in DHIS2, interface by interface. The sandbox always has to keep it; the real servers show that it is true, when
 * DHIS2_230_URL, DHIS2_241_URL, DHIS2_243_URL name them (accounts and metadata of the reference servers).
 */
const CASES = [...requestCases, ...metadataCases, ...personCases, ...enrollmentCases, ...eventCases, ...readingCases]

const REAL: Readonly<Record<Dialect, string | undefined>> = {
  'legacy 2.30': process.env['DHIS2_230_URL'],
  'legacy 2.41': process.env['DHIS2_241_URL'],
  'tracker 2.41': process.env['DHIS2_241_URL'],
  'tracker 2.43': process.env['DHIS2_243_URL'],
}

function battery(dialect: Dialect, target: () => Target): void {
  for (const one of CASES.filter(({ on }) => on === undefined || on.includes(dialect)))
    test(one.title, { timeout: 60_000 }, () => one.run(target()))
}

describe.each(DIALECTS)('sandbox, %s', (dialect) => {
  let sandbox: Sandbox
  let target: Target
  beforeAll(async () => {
    sandbox = await startSandbox({ version: dialect.slice(-4) as Version })
    target = new Target(dialect, sandbox.url)
  })
  afterAll(() => sandbox.close())
  battery(dialect, () => target)
})

for (const dialect of DIALECTS) {
  const url = REAL[dialect]
  describe.skipIf(url === undefined)(`real server, ${dialect}`, () => {
    const target = new Target(dialect, url ?? '')
    battery(dialect, () => target)
  })
}

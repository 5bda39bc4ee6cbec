// `npm run test:mutations`: makes deliberate defects in a copy of the project, one at a time, and fails when the tests that guard against one do not.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/** `from` stands once in `file`. `tests` are vitest's arguments: a project, a file, and where needed a name. */
export const DEFECTS = [
  {
    defect: 'Answers of DHIS2 are matched by their position',
    file: 'src/dhis2/legacy-report.ts',
    from: 'summaries.find((s) => s.reference === object.uid)',
    to: 'summaries[sent.indexOf(object)]',
    tests: ['unit', 'test/unit/legacy-report.unit.test.ts'],
  },
  {
    defect: 'The markers move although records were rejected under `stop`',
    file: 'sql/store/runs.ts',
    from: 'if (end.moveMarkers) await',
    to: 'await',
    tests: ['cli', 'test/cli/commands.cli.test.ts', 'the marker stays'],
  },
  {
    defect: 'The markers move with each chunk',
    file: 'sql/store/runs.ts',
    from: 'async chunkDone(runId, step, chunk) {',
    to: `async chunkDone(runId, step, chunk) {
      const run = await pool.one(sql.type(z.object({ name: z.string(), newest: z.record(z.string(), z.string().nullable()) }))\`
        select mapping_name as name, newest from sync_run where run_id = \${runId}\`)
      await pool.transaction((tx) => moveMarkers(tx, run.name, run.newest))`,
    tests: ['cli', 'test/cli/commands.cli.test.ts', 'the marker stays'],
  },
  {
    defect: 'A patient is written down as delivered before DHIS2 has answered',
    file: 'jobs/push-patients.ts',
    from: '  const { results, refusesEverything } = await deliver(prepared, {',
    to: `  await ctx.store.recordOutcomes(run.runId, 'patients', prepared.map((item) => settled(item, { state: 'created', warnings: [] })))
  const { results, refusesEverything } = await deliver(prepared, {`,
    tests: ['faults', 'test/faults/kill.faults.test.ts', 'before request 1: POST'],
  },
  {
    defect: 'UIDs come from chance',
    file: 'src/core/uid.ts',
    from: "createHmac('sha256', siteId)",
    to: "createHmac('sha256', String(Math.random()))",
    tests: ['faults', 'test/faults/kill.faults.test.ts', 'after request 1: POST'],
  },
  {
    defect: 'A 409 is tried again instead of read',
    file: 'src/dhis2/http.ts',
    from: 'new Set([429, 502,',
    to: 'new Set([409, 429, 502,',
    tests: ['unit', 'test/unit/http.unit.test.ts'],
  },
  {
    defect: 'The content hash leaves out a column (the org unit)',
    file: 'sql/mart/rows.ts',
    from: 'hash_array_extended((array[patient_id, org_unit_code, program',
    to: 'hash_array_extended((array[patient_id, program',
    tests: ['sync', 'test/sync/histories.sync.test.ts'],
  },
  {
    defect: 'The content hash leaves out the translations',
    file: 'sql/mart/rows.ts',
    from: '[uid, Object.entries(translation)',
    to: '[uid, Object.entries({})',
    tests: ['pg', 'test/pg/relations.pg.test.ts'],
  },
  {
    defect: 'Events of a further relation are read by the first one’s columns',
    file: 'src/core/payload.ts',
    from: 'ctx.mapping.events[row.source]!',
    to: 'ctx.mapping.events[0]!',
    tests: ['unit', 'test/unit/payload.unit.test.ts'],
  },
  {
    defect: 'Two runs of a mapping may go on at a time',
    file: 'sql/migrations/0002-runs.sql',
    from: 'create unique index sync_run_one_active',
    to: 'create index sync_run_one_active',
    tests: ['pg', 'test/pg/store.pg.test.ts'],
  },
  {
    defect: 'Two requests about one patient may be on their way at a time',
    file: 'sql/store/chunk-locks.ts',
    from: 'select beside, pg_advisory_lock(key)',
    to: 'select beside, key',
    tests: ['sync', 'test/sync/together.sync.test.ts', 'in parallel'],
  },
  {
    defect: 'It is not written down what is on its way',
    file: 'sql/store/records.ts',
    from: 'if (sending.length === 0) return',
    to: 'if (sending.length >= 0) return',
    tests: ['unit,pg', 'test/pg/store.pg.test.ts'],
  },
  {
    defect: 'An enrollment that a cut-off run was sending is decided anew',
    file: 'src/core/reconcile.ts',
    from: '[episode.sending, episode.derived]',
    to: '[episode.derived]',
    tests: ['unit', 'test/unit/reconcile.unit.test.ts'],
  },
  {
    defect: 'An enrollment that a cut-off run had opened for an event stays open (legacy API)',
    file: 'jobs/prepare-enrollment.ts',
    from: "return existing?.status === 'ACTIVE' &&",
    to: "return existing?.status === 'COMPLETED' &&",
    tests: ['faults', 'test/faults/kill.faults.test.ts', "'legacy' .*request [34]: POST"],
  },
  {
    defect: 'A request that DHIS2 refuses whole is not bisected',
    file: 'jobs/deliver.ts',
    from: 'items.length > 1 ? [items.slice(0, items.length >> 1), items.slice(items.length >> 1)]',
    to: 'items.length > 1 ? []',
    tests: ['unit', 'test/unit/deliver.unit.test.ts'],
  },
  {
    defect: 'Records that DHIS2 cannot digest hold up those after them',
    file: 'jobs/outcomes.ts',
    from: 'if (isNew) throw refusesEverything',
    to: 'if (refusesEverything !== null) throw refusesEverything',
    tests: ['faults', 'test/faults/poison.faults.test.ts', '2.30 legacy.*a whole chunk of it'],
  },
  {
    defect: 'A step that never came to its end counts as done',
    file: 'jobs/finish-run.ts',
    from: "step.step !== 'finish' && step.state !== 'succeeded'",
    to: "step.step !== 'finish' && step.state === 'failed'",
    tests: ['unit', 'test/unit/verdict.unit.test.ts'],
  },
  {
    defect: 'A value that was cleared in Bahmni stays in DHIS2',
    file: 'src/core/payload.ts',
    from: '(before === null && row.sent.includes(uid))',
    to: 'false',
    tests: ['unit', 'test/unit/payload.unit.test.ts'],
  },
  {
    defect: 'A patient whom DHIS2 has from others is made a second time',
    file: 'src/core/match.ts',
    from: "if (!wanted) return 'new'",
    to: "if (wanted ?? true) return 'new'",
    tests: ['unit', 'test/unit/match.unit.test.ts'],
  },
  {
    defect: 'Whoever is signed in may do everything',
    file: 'src/api/principal.ts',
    from: 'if (!may(principal, rights))',
    to: 'if (!may(principal, []))',
    tests: ['api', 'test/api/rights.api.test.ts'],
  },
  {
    defect: 'A wrong token leaves it to the cookie to say who somebody is',
    file: 'src/api/authenticate.ts',
    from: "if (bearer) return ofToken(store, bearer[1] ?? '')",
    to: "const known = bearer && (await ofToken(store, bearer[1] ?? '').catch(() => null))\n    if (known) return known",
    tests: ['api', 'test/api/session.api.test.ts', 'a good cookie beside it'],
  },
  {
    defect: 'Another web site may change things in a user’s name',
    file: 'src/api/router.ts',
    from: "if (method !== 'get' && principal?.via",
    to: "if (method === 'get' && principal?.via",
    tests: ['api', 'test/api/server.api.test.ts', 'changes from another web site'],
  },
  {
    defect: 'Passwords may be tried without end',
    file: 'src/accounts/sign-in.ts',
    from: 'if (seconds !== null)',
    to: 'if (seconds === 0)',
    tests: ['api', 'test/api/session.api.test.ts', 'too many wrong passwords'],
  },
  {
    defect: 'A session outlives another password',
    file: 'sql/store/accounts.ts',
    from: 'for (const row of changed)',
    to: 'for (const row of changed.slice(1))',
    tests: ['pg', 'test/pg/accounts.pg.test.ts'],
  },
  {
    defect: 'An answer of OpenMRS that was lost makes a second entry in its audit log',
    file: 'src/openmrs/audit-log.ts',
    from: 'if (unanswered && (',
    to: 'if (!unanswered && (',
    tests: ['pg', 'test/pg/audit.pg.test.ts', 'an answer that was lost'],
  },
  {
    defect: 'An enrollment is sent as it was planned, although another run has sent since',
    file: 'jobs/push-enrollments.ts',
    from: 'if (beside && !run.dryRun &&',
    to: 'if (!beside && !run.dryRun &&',
    tests: ['sync', 'test/sync/planned-anew.sync.test.ts', 'when step new-completed begins'],
  },
  {
    defect: 'What belongs to a dismissed patient is sent',
    file: 'sql/store/dismissed.ts',
    from: "on ${inRun('e')} and e.state = 'dismissed'",
    to: "on ${inRun('e')} and e.state = 'rejected'",
    tests: ['pg', 'test/pg/rejected.pg.test.ts', 'takes along'],
  },
  {
    defect: 'A telephone number in a wrong column becomes the title of a group',
    file: 'sql/store/rejected.ts',
    from: 'const MANY_PATIENTS = 5',
    to: 'const MANY_PATIENTS = 1',
    tests: ['pg', 'test/pg/rejected.pg.test.ts', 'an answer'],
  },
  {
    defect: 'A mapping is changed whatever its reader has seen',
    file: 'sql/store/mappings.ts',
    from: 'if (!isExpected(mappingEtag(mappingFromParts(found))))',
    to: 'if (!isExpected)',
    tests: ['api', 'test/api/mappings.api.test.ts', 'changing'],
  },
  {
    defect: 'A mapping is renamed, and a sync of the old name begins in that moment',
    file: 'sql/store/mappings.ts',
    from: 'where mapping_name = ${name} for share`)',
    to: 'where mapping_name = ${name}`)',
    tests: ['api', 'test/api/mappings.api.test.ts', 'a sync that begins meanwhile'],
  },
  {
    defect: 'What was confirmed keeps the old name of a mapping',
    file: 'sql/store/mapping-names.ts',
    from: "  { table: 'sync_confirmed', column: 'mapping_name', gone: 'too' },\n",
    to: '',
    tests: ['api', 'test/api/mappings.api.test.ts', 'all that names it follows'],
  },
  {
    defect: 'Our own tables are shown as the Mart’s',
    file: 'sql/mart/browse.ts',
    from: 'martSchema === storeSchema\n',
    to: 'martSchema === `${storeSchema}?`\n',
    tests: ['api', 'test/api/mart.api.test.ts'],
  },
  {
    defect: 'Values of patients are named to who only maps',
    file: 'src/api/handlers/mappings/validation.ts',
    from: "examples: principal.rights.has('upload')",
    to: 'examples: true',
    tests: ['api', 'test/api/validation.api.test.ts', 'named for those who may see them'],
  },
  {
    defect: 'A page of the preview begins with the last row of the one before',
    file: 'sql/mart/preview.ts',
    from: 'hash) > (${patientId}',
    to: 'hash) >= (${patientId}',
    tests: ['api', 'test/api/previews.api.test.ts', 'page after page'],
  },
  {
    defect: 'A preview’s file is read ahead of who reads it',
    file: 'sql/mart/streamed.ts',
    from: 'if (!batches.write(rows)) await taken(batches, stop.signal, stalledMs)',
    to: 'batches.write(rows)',
    tests: ['api', 'test/api/previews.api.test.ts', 'a slow reader'],
  },
  {
    defect: 'A preview of a patient leaves its run behind',
    file: 'sql/store/rehearsal.ts',
    from: 'throw new Undone(await work(await prepare(tx,',
    to: 'throw new Undone(await work(await prepare(pool,',
    tests: ['api', 'test/api/previews.api.test.ts', 'nothing is written before'],
  },
  {
    defect: 'A DHIS2 that fails gets as many requests as before',
    file: 'src/core/pace.ts',
    from: 'Math.max(bounds.least, pace.inFlight >> 1)',
    to: 'pace.inFlight',
    tests: ['unit', 'test/unit/pace.unit.test.ts'],
  },
  {
    defect: 'A request that took too long is sent again as it was',
    file: 'src/dhis2/http.ts',
    from: 'if (divisible && tookTooLong) throw',
    to: 'if (divisible && tookTooLong && false) throw',
    tests: ['unit', 'test/unit/http.unit.test.ts'],
  },
  {
    defect: 'The last sync that succeeded goes when it is old',
    file: 'sql/store/retention.ts',
    from: 'and not is_last and',
    to: 'and',
    tests: ['pg', 'test/pg/prune.pg.test.ts', 'last of their kind'],
  },
  {
    defect: 'A connection to the queue’s database that failed at first is remembered for good',
    file: 'queues/shared-postgres.ts',
    from: 'first.waitUntilReady = () =>',
    to: 'const unused = () =>',
    tests: ['queue', 'test/queue/backend.queue.test.ts', 'leaves the process its time'],
  },
]

/** The file of a defect. @throws when the defect cannot be made any more */
export function source({ file, from }) {
  const text = readFileSync(file, 'utf8')
  if (text.split(from).length !== 2) throw new Error(`"${from}" is not once in ${file}: see scripts/mutations.mjs`)
  return text
}

const COPY = resolve('.cache', 'mutant')
const PARTS = ['src', 'jobs', 'queues', 'sql', 'dashboard', 'scripts', 'test', 'package.json', 'tsconfig.json', 'vitest.config.ts']

function testsFail({ file, from, to, tests: [projects, testFile, name] }) {
  rmSync(COPY, { recursive: true, force: true })
  mkdirSync(COPY, { recursive: true })
  for (const part of PARTS) cpSync(part, join(COPY, part), { recursive: true })
  symlinkSync(resolve('node_modules'), join(COPY, 'node_modules'), 'junction')
  writeFileSync(
    join(COPY, file),
    source({ file, from }).replace(from, () => to),
  )
  const chosen = [...projects.split(',').map((project) => `--project=${project}`), testFile, ...(name ? ['-t', name] : [])]
  const { stdout } = spawnSync(process.execPath, [join('node_modules', 'vitest', 'vitest.mjs'), 'run', ...chosen], {
    cwd: COPY,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
    maxBuffer: 1 << 28,
  })
  const [, passed, failed] = /^(\d+) passed, (\d+) failed$/m.exec(stdout) ?? []
  if (passed === undefined) throw new Error(`no test ran:\n${stdout.slice(-2000)}`)
  return Number(failed) > 0
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const wanted = process.argv[2] ?? ''
  let found = 0
  let missed = 0
  for (const defect of DEFECTS.filter((d) => d.defect.includes(wanted))) {
    const noticed = testsFail(defect)
    if (noticed) found++
    else missed++
    console.log(`${noticed ? 'noticed' : 'MISSED '}  ${defect.defect}`)
  }
  rmSync(COPY, { recursive: true, force: true })
  console.log(`${found} passed, ${missed} failed`)
  process.exitCode = missed === 0 ? 0 : 1
}

/** Creates a service's relations in a database: for the demo, training and tests. */
import pg from 'pg'
import { withClient } from '../with-client.ts'
import { relationNames, type MartColumn, type MartService, type MartValues, type MartView } from '../../src/sandbox/mart/service.ts'

const quoted = pg.escapeIdentifier
const literal = (text: string) => `'${text.replaceAll("'", "''")}'`

/** Replaces the services' relations in one transaction. */
export async function createMart(databaseUrl: string, schema: string, services: readonly MartService[]): Promise<void> {
  await withClient(databaseUrl, async (client) => {
    await client.query('begin')
    await client.query(`create schema if not exists ${quoted(schema)}`)
    for (const service of services) await createService(client, schema, service)
    await client.query('commit')
  })
}

async function createService(client: pg.Client, schema: string, service: MartService): Promise<void> {
  const names = relationNames(service.name)
  const table = (name: string) => `${quoted(schema)}.${quoted(name)}`
  const visits = `${service.name}_visits`
  await client.query(`
    drop view if exists ${table(names.event)} cascade;
    drop table if exists ${table(names.instance)}, ${table(names.enrollments)}, ${table(visits)} cascade;
    create table ${table(names.instance)} ("Patient_Identifier" text, "OrgUnit" text, date_created timestamp, ${service.personColumns.map((c) => `${quoted(c.name)} ${c.type}`).join(', ')});
    create table ${table(names.enrollments)} ("Patient_Identifier" text, "OrgUnit" text, program text, program_unique_id integer, enrollment_date date,
      incident_date date, status text, date_created timestamp);
    create table ${table(visits)} (visit_id integer, patient text, location text, program text, stage text, program_id integer, enrolled date, started date,
      status text, date_created timestamp, answers jsonb);
    -- a view over the forms' answers, as real Marts have it: each column is found anew at every read
    create view ${table(names.event)} as
      select v.patient as "Patient_Identifier", v.location as "OrgUnit", v.program, v.stage as program_stage, v.visit_id as event_unique_id,
        v.program_id as patient_program_id, v.enrolled as enrollment_date, v.started as event_date, v.status, v.date_created,
        ${service.visitColumns.map((c) => `${answer(c)} as ${quoted(c.name)}`).join(', ')}
      from ${table(visits)} v`)
  for (const view of service.views ?? [])
    await client.query(
      `create view ${table(view.name)} as select ${shown(view, service)} from ${table(names[view.of])}
        ${view.stage === undefined ? '' : `where program_stage = ${literal(view.stage)}`}`,
    )
  await insert(
    client,
    table(names.instance),
    [['Patient_Identifier', 'text'], ['OrgUnit', 'text'], ['date_created', 'timestamp'], ...typed(service.personColumns)],
    service.patients.map((p) => ({
      Patient_Identifier: p.patientId,
      OrgUnit: p.orgUnit,
      date_created: p.dateCreated,
      ...p.values,
    })),
  )
  await insert(
    client,
    table(names.enrollments),
    [
      ['Patient_Identifier', 'text'],
      ['OrgUnit', 'text'],
      ['program', 'text'],
      ['program_unique_id', 'integer'],
      ['enrollment_date', 'date'],
      ['incident_date', 'date'],
      ['status', 'text'],
      ['date_created', 'timestamp'],
    ],
    service.enrollments.map((e) => ({
      Patient_Identifier: e.patientId,
      OrgUnit: e.orgUnit,
      program: e.program,
      program_unique_id: e.programUniqueId,
      enrollment_date: e.enrollmentDate,
      incident_date: e.incidentDate,
      status: e.status,
      date_created: e.dateCreated,
    })),
  )
  await insert(
    client,
    table(visits),
    [
      ['visit_id', 'integer'],
      ['patient', 'text'],
      ['location', 'text'],
      ['program', 'text'],
      ['stage', 'text'],
      ['program_id', 'integer'],
      ['enrolled', 'date'],
      ['started', 'date'],
      ['status', 'text'],
      ['date_created', 'timestamp'],
      ['answers', 'jsonb'],
    ],
    service.visits.map((v) => ({
      visit_id: v.eventUniqueId,
      patient: v.patientId,
      location: v.orgUnit,
      program: v.program,
      stage: v.programStage,
      program_id: v.patientProgramId,
      enrolled: v.enrollmentDate,
      started: v.eventDate,
      status: v.status,
      date_created: v.dateCreated,
      answers: v.values,
    })),
  )
}

/** Those that a sync reads of every Mart. */
export const FIXED: Readonly<Record<MartView['of'], readonly string[]>> = {
  instance: ['Patient_Identifier', 'OrgUnit', 'date_created'],
  enrollments: [
    'Patient_Identifier',
    'OrgUnit',
    'program',
    'program_unique_id',
    'enrollment_date',
    'incident_date',
    'status',
    'date_created',
  ],
  event: [
    'Patient_Identifier',
    'OrgUnit',
    'program',
    'program_stage',
    'event_unique_id',
    'patient_program_id',
    'enrollment_date',
    'event_date',
    'status',
    'date_created',
  ],
}

/** The columns of a view. */
function shown({ of, without }: MartView, { personColumns, visitColumns }: MartService): string {
  const own = of === 'instance' ? personColumns : of === 'event' ? visitColumns : []
  const all = [...FIXED[of], ...own.map((column) => column.name)]
  return all
    .filter((name) => !without.includes(name))
    .map(quoted)
    .join(', ')
}

const typed = (columns: readonly MartColumn[]) => columns.map((c): [string, string] => [c.name, c.type])
const answer = (c: MartColumn) => `(v.answers ->> ${literal(c.name)})::${c.type}`

async function insert(
  client: pg.Client,
  table: string,
  columns: readonly (readonly [string, string])[],
  rows: readonly Record<string, string | null | MartValues>[],
): Promise<void> {
  const names = columns.map(([name]) => quoted(name)).join(', ')
  const types = columns.map(([name, type]) => `${quoted(name)} ${type}`).join(', ')
  await client.query(`insert into ${table} (${names}) select ${names} from jsonb_to_recordset($1) as r (${types})`, [JSON.stringify(rows)])
}

/**
 * A Mart of any size, made by SQL: the same relations and columns as the tests' clinic, but the events are a view as clinics have it: hundreds of lines, joins of
 * the form tables, GROUP BY and a window, which cost the whole view however few rows are asked for.
 */
import pg from 'pg'
import { FIXED } from '../sql/demo/mart.ts'
import { withClient } from '../sql/with-client.ts'
import { COLUMN_OF_NAME, FOLLOW_UP, HTS, INITIAL } from '../test/support/clinic-model.ts'

export const SCHEMA = 'mart'
/** of each patient, the first of them of the initial stage */
export const VISITS = 4
/** a patient, an enrollment, and the visits */
export const OBJECTS = 2 + VISITS

const FORMS = {
  initial: {
    stage: INITIAL,
    columns: [
      ['Date of HIV test', 'text', `(date '2024-03-01' + encounter_id % 300)::text`],
      ['HIV result given to client ?', 'text', `(array['NEGATIVE', 'POSITIVE', 'INCONCLUSIVE'])[1 + encounter_id % 3]`],
      ['Have you had a cough?', 'boolean', 'encounter_id % 2 = 0'],
      ['Tests in the last 12 months', 'text', '(1 + encounter_id % 5)::text'],
      ['Notes', 'text', `'visit ' || encounter_id || ' went as visits go'`],
    ],
  },
  follow_up: { stage: FOLLOW_UP, columns: [['Next appointment', 'date', `date '2024-06-01' + encounter_id % 300`]] },
} as const
/** a form has many questions that nobody has mapped */
const UNMAPPED = 30
const unmapped = Array.from({ length: UNMAPPED }, (_, i) => `If referred, place ${i + 1} of referral?`)

const quoted = pg.escapeIdentifier
const at = (table: string) => `${SCHEMA}.${table}`

/** The columns that are mapped or fixed, as a sync reads them. */
export const READ = {
  hts_instance_table: [...FIXED.instance, 'UIC', 'First Name', COLUMN_OF_NAME, 'Date of Birth', 'Gender', 'Phone'],
  hts_program_enrollment_table: FIXED.enrollments,
  hts_program_events_table: [
    ...FIXED.event,
    ...FORMS.initial.columns.map(([name]) => name),
    ...FORMS.follow_up.columns.map(([name]) => name),
    'Visit number',
  ],
}

/** Patients who came over three years, the last of them some days ago. */
export async function createBenchMart(databaseUrl: string, patients: number): Promise<void> {
  await withClient(databaseUrl, async (client) => {
    await client.query(`
      drop schema if exists ${SCHEMA} cascade;
      create schema ${SCHEMA};
      create table ${at('location')} as select 1 as location_id, 'C-01' as code union all select 2, 'C-02' union all select 3, 'C-03';
      create table ${at('patient')} as
        select i as patient_id, 'BCH-' || lpad(i::text, 8, '0') as identifier, date_trunc('second', now()::timestamp - interval '1100 days' + interval '1000 days' * i / ${patients}) as created
        from generate_series(1, ${patients}) as i;
      create table ${at('encounter')} as
        select (patient_id - 1) * ${VISITS} + visit as encounter_id, patient_id, 1 + patient_id % 3 as location_id, case visit when 1 then 'initial' else 'follow_up' end as form,
          (created + interval '30 days' * (visit - 1))::date as visit_date, created + interval '30 days' * (visit - 1) as date_created
        from ${at('patient')}, generate_series(1, ${VISITS}) as visit;
      create table ${at('hts_instance_table')} as
        select identifier as "Patient_Identifier", 'C-0' || 1 + patient_id % 3 as "OrgUnit", created as date_created, 'UIC-' || identifier as "UIC", 'Asha ' || patient_id as "First Name",
          'O''Neil' as ${quoted(COLUMN_OF_NAME)}, (date '1960-01-01' + patient_id % 15000)::text as "Date of Birth", (array['Female', 'Male'])[1 + patient_id % 2] as "Gender",
          case when patient_id % 2 = 0 then '+263 77 ' || lpad(patient_id::text, 7, '0') end as "Phone"
        from ${at('patient')};
      create table ${at('hts_program_enrollment_table')} as
        select identifier as "Patient_Identifier", 'C-0' || 1 + patient_id % 3 as "OrgUnit", '${HTS}'::text as program, patient_id as program_unique_id, created::date as enrollment_date,
          created::date as incident_date, 'ACTIVE'::text as status, created as date_created
        from ${at('patient')}`)
    for (const form of ['initial', 'follow_up'] as const) await client.query(formTable(form))
    await client.query(`create view ${at('hts_program_events_table')} as ${viewOf('initial')} union all ${viewOf('follow_up')}`)
    await client.query('vacuum analyze')
  })
}

/** Today the first patients come once more. */
export async function addVisits(databaseUrl: string, visits: number): Promise<void> {
  await withClient(databaseUrl, async (client) => {
    await client.query(`
      insert into ${at('encounter')} select (select max(encounter_id) from ${at('encounter')}) + row_number() over (order by patient_id), patient_id, location_id, 'follow_up', now()::date, now()::timestamp
        from ${at('encounter')} where form = 'initial' order by patient_id limit ${visits};
      ${formTable('follow_up').replace(/create table (\S+) as/, 'insert into $1')}
        and not exists (select from ${at('hts_follow_up_form')} f where f.encounter_id = encounter.encounter_id)`)
  })
}

/** As if the Mart had been rebuilt from nothing, and every date with it: all rows have to be looked at. */
export async function forgetMarkers(databaseUrl: string): Promise<void> {
  await withClient(databaseUrl, async (client) => {
    await client.query('update marker set last_synced_date = null')
  })
}

function formTable(form: keyof typeof FORMS): string {
  const answers = FORMS[form].columns.map(([name, , value]) => `${value} as ${quoted(name)}`)
  // every seventh has an answer, as it is with such questions
  const others = unmapped.map(
    (name, i) => `case when encounter_id % 7 = ${i % 7} then 'Clinic ' || encounter_id % 50 end as ${quoted(name)}`,
  )
  return `create table ${at(`hts_${form}_form`)} as select encounter_id, ${[...answers, ...others].join(', ')} from ${at('encounter')} where form = '${form}'`
}

function viewOf(form: keyof typeof FORMS): string {
  const own = new Map<string, string>(FORMS[form].columns.map(([name, type]) => [name, type]))
  const asked = [...FORMS.initial.columns, ...FORMS.follow_up.columns].map(([name, type]) => {
    if (!own.has(name)) return `null::${type} as ${quoted(name)}`
    return type === 'text'
      ? `max(
            case
              when f.${quoted(name)} is null then null
              when btrim(f.${quoted(name)}) = '' then null
              else f.${quoted(name)}
            end
          ) as ${quoted(name)}`
      : `(array_agg(f.${quoted(name)} order by f.encounter_id))[1] as ${quoted(name)}`
  })
  const others = unmapped.map(
    (name) => `string_agg(
            case
              when f.${quoted(name)} in ('None', 'N/A') then null
              when f.${quoted(name)} like 'Clinic%' then upper(f.${quoted(name)})
              else f.${quoted(name)}
            end,
            ', '
          ) as ${quoted(name)}`,
  )
  const fixed = [
    '"Patient_Identifier"',
    '"OrgUnit"',
    'event_unique_id',
    'patient_program_id',
    'enrollment_date',
    'event_date',
    'date_created',
  ]
  return `
    select v."Patient_Identifier", v."OrgUnit", '${HTS}'::text as program, '${FORMS[form].stage}'::text as program_stage,
      v.event_unique_id, v.patient_program_id, v.enrollment_date, v.event_date, null::text as status, v.date_created,
      ${[...FORMS.initial.columns, ...FORMS.follow_up.columns].map(([name]) => `v.${quoted(name)}`).join(',\n      ')},
      ${form === 'follow_up' ? 'row_number() over (partition by v."Patient_Identifier" order by v.event_date)::int' : 'null::int'} as "Visit number",
      ${unmapped.map((name) => `v.${quoted(name)}`).join(',\n      ')}
    from (
      select
          p.identifier as "Patient_Identifier",
          l.code as "OrgUnit",
          e.encounter_id as event_unique_id,
          pp.program_unique_id as patient_program_id,
          pp.enrollment_date,
          e.visit_date as event_date,
          e.date_created,
          ${[...asked, ...others].join(',\n          ')}
        from ${at('encounter')} e
          join ${at('patient')} p on p.patient_id = e.patient_id
          join ${at('location')} l on l.location_id = e.location_id
          join ${at('hts_program_enrollment_table')} pp on pp."Patient_Identifier" = p.identifier and pp.enrollment_date <= e.visit_date
          left join ${at(`hts_${form}_form`)} f on f.encounter_id = e.encounter_id
        where e.form = '${form}'
        group by ${fixed.map((_, i) => i + 1).join(', ')}
    ) v`
}

export interface Scans {
  /** seconds of "count(*)" of the three relations: PostgreSQL leaves out of a view whatever is not counted */
  counted: number
  /** seconds of reading the columns that a sync reads */
  read: number
}

/** One full scan of the three relations. */
export async function scan(databaseUrl: string): Promise<Scans> {
  return withClient(databaseUrl, async (client) => {
    const seconds = { counted: 0, read: 0 }
    for (const [table, columns] of Object.entries(READ)) {
      for (const [key, what] of [
        ['counted', '*'],
        ['read', `concat(${columns.map(quoted).join(', ')})`],
      ] as const) {
        const started = performance.now()
        await client.query(`select count(${what}) from ${at(table)}`)
        seconds[key] += (performance.now() - started) / 1000
      }
    }
    return seconds
  })
}

/** Bytes on disk of all tables but the Mart's, indexes included. */
export async function sizeOfOurs(databaseUrl: string): Promise<number> {
  return withClient(databaseUrl, async (client) => {
    const { rows } = await client.query<{ bytes: string }>(`
      select sum(pg_total_relation_size(c.oid)) as bytes from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'r' and n.nspname in ('public', 'bullmq')`)
    return Number(rows[0]!.bytes)
  })
}

/** What autovacuum does within a minute; a nightly sync never comes before it. */
export async function settleStatistics(databaseUrl: string): Promise<void> {
  await withClient(databaseUrl, async (client) => {
    await client.query('vacuum analyze')
  })
}

-- Ours: runs and their steps, what a run found in the Mart, what DHIS2 last confirmed, and what was rejected.

create table sync_run (
  run_id uuid primary key,
  mapping_name text not null,
  mapping jsonb not null,
  state text not null check (state in ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  requested_by text not null,
  comment text not null,
  dry_run boolean not null,
  from_date date,
  to_date date,
  resync boolean not null,
  retry boolean not null default false, -- only the records of sync_run_record
  log_id integer,
  cancel_requested boolean not null default false,
  failure text,
  snapshot_at timestamp,
  programs text[] not null default '{}',
  newest jsonb not null default '{}', -- kind -> newest date_created of the snapshot, for the markers
  created_at timestamptz not null default now(),
  alive_at timestamptz not null default now(), -- when a process last said that it works on it
  started_at timestamptz,
  ended_at timestamptz
);
create unique index sync_run_one_active on sync_run (mapping_name) where state in ('queued', 'running');
create index sync_run_created on sync_run (created_at);

-- the rejected records that a run was asked to send again
create table sync_run_record (
  run_id uuid not null references sync_run on delete cascade,
  kind text not null,
  record_key text not null,
  primary key (run_id, kind, record_key)
);

create table sync_step (
  run_id uuid not null references sync_run on delete cascade,
  step text not null,
  position integer not null,
  state text not null default 'queued' check (state in ('queued', 'running', 'succeeded', 'failed', 'skipped')),
  chunks_total integer not null default 0,
  failure text,
  started_at timestamptz,
  ended_at timestamptz,
  primary key (run_id, step)
);

-- a chunk that is tried again counts once
create table sync_chunk_done (
  run_id uuid not null references sync_run on delete cascade,
  step text not null,
  chunk integer not null,
  primary key (run_id, step, chunk)
);

create table sync_count (
  run_id uuid not null references sync_run on delete cascade,
  step text not null,
  kind text not null,
  created integer not null default 0,
  updated integer not null default 0,
  unchanged integer not null default 0,
  rejected integer not null default 0,
  adopted integer not null default 0, -- of the delivered ones, those that DHIS2 had already and that nobody's tracker row knew
  primary key (run_id, step, kind)
);

create table sync_snapshot_row (
  run_id uuid not null references sync_run on delete cascade,
  row_id bigint generated always as identity,
  kind text not null check (kind in ('trackedEntity', 'enrollment', 'event')),
  source smallint not null, -- which of the mapping's relations of this kind it comes from: there can be several for events
  state text not null check (state in ('pending', 'context', 'created', 'updated', 'unchanged', 'rejected')),
  patient_id text not null,
  record_key text not null,
  org_unit_code text,
  program text,
  program_stage text,
  unique_id text,
  patient_program_id text,
  enrollment_date text,
  incident_date text,
  event_date text,
  status text,
  mart_values jsonb, -- texts and nulls in the order of the relation's mapped columns
  hash text not null,
  uid text,
  same_value jsonb,
  rejection jsonb,
  warnings jsonb,
  primary key (run_id, row_id)
-- room for each row's outcome beside it, and no index over what an outcome changes: so it costs no index entry (a HOT update)
) with (fillfactor = 50);
-- The column that tells most comes first, here and in the keys below: while a table grows from nothing the planner has no statistics, takes
-- (run, kind) for one row and reads all of them for each patient. A first sync of 2,000 patients took 30 s that way, and 9 s this way.
create index sync_snapshot_row_key on sync_snapshot_row (record_key, kind, run_id);
create index sync_snapshot_row_patient on sync_snapshot_row (patient_id, run_id);

-- the patients with work, in ranges: all of a patient's records are in one chunk
create table sync_patient (
  run_id uuid not null references sync_run on delete cascade,
  chunk integer not null,
  patient_id text not null,
  primary key (run_id, chunk, patient_id)
);
create index sync_patient_runs on sync_patient (patient_id, run_id);

-- what was decided for an enrollment, and which events go with it
create table sync_plan (
  run_id uuid not null references sync_run on delete cascade,
  chunk integer not null,
  step text not null,
  row_id bigint not null, -- of the enrollment, in sync_snapshot_row
  wave integer not null,
  plan jsonb not null,
  events bigint[] not null, -- row_ids
  primary key (run_id, chunk, step, row_id)
);

create table sync_confirmed (
  mapping_name text not null,
  kind text not null,
  record_key text not null,
  uid text not null,
  hash text, -- null: on its way, DHIS2's answer has not been recorded
  sent text[] not null default '{}', -- attributes or data elements that have a value of ours in DHIS2
  run_id uuid not null,
  confirmed_at timestamptz not null default now(),
  primary key (record_key, kind, mapping_name)
-- written when a record goes, and again when DHIS2 has answered: see sync_snapshot_row
) with (fillfactor = 50);

-- sent by a run that another process had ended meanwhile: nobody knows whether DHIS2 has its values or those of the run after it
create table sync_doubt (
  mapping_name text not null,
  kind text not null,
  record_key text not null,
  primary key (record_key, kind, mapping_name)
);

create table sync_rejected (
  mapping_name text not null,
  kind text not null,
  record_key text not null,
  patient_id text not null,
  relation text not null,
  code text not null,
  rejection jsonb not null,
  state text not null default 'open' check (state in ('open', 'settled', 'dismissed')),
  hash text, -- content that was rejected; a dismissed record comes back when it has another
  dismissed_by text,
  dismissed_reason text,
  attempts integer not null default 1,
  run_id uuid not null,
  first_at timestamptz not null default now(),
  last_at timestamptz not null default now(),
  primary key (record_key, kind, mapping_name)
);
create index sync_rejected_open on sync_rejected (mapping_name, kind, record_key) where state = 'open';
create index sync_rejected_run on sync_rejected (run_id);

-- Mart columns of type text hold dates too: what is no timestamp counts as none, so that one bad cell never stops a run.
create function sync_timestamp(text) returns timestamp language plpgsql stable as $$
begin
  return $1::timestamp;
exception when others then
  return null;
end $$;

-- The document's tables, in the originals' names and columns. A database that a Java service of either generation left is adopted as it is:
-- nothing is dropped, no row is touched, and no constraint is added that its rows might break (their unique constraints of 2020 never existed).

create table if not exists mapping (
  mapping_name text primary key,
  lookup_table json,
  mapping_json json,
  config json,
  created_by text,
  date_created timestamp,
  modified_by text,
  date_modified text
);
alter table mapping add column if not exists config json; -- 2018 had none
alter table mapping add column if not exists created_by text;
alter table mapping add column if not exists date_created timestamp;
alter table mapping add column if not exists modified_by text;
alter table mapping add column if not exists date_modified text;

create table if not exists instance_tracker (
  patient_id text,
  instance_id text,
  created_by text,
  date_created timestamp,
  primary key (instance_id, patient_id)
);
create index if not exists instance_tracker_patient on instance_tracker (patient_id);

create table if not exists enrollment_tracker (
  instance_id text,
  program text,
  status text,
  created_by text,
  date_created timestamp,
  enrollment_id text,
  program_unique_id text,
  primary key (enrollment_id, program_unique_id)
);
create index if not exists enrollment_tracker_episode on enrollment_tracker (program_unique_id, program);
create index if not exists enrollment_tracker_instance on enrollment_tracker (instance_id);

create table if not exists event_tracker (
  event_id text primary key,
  instance_id text,
  program text,
  program_stage text,
  event_unique_id text,
  created_by text,
  date_created timestamp
);
create index if not exists event_tracker_visit on event_tracker (event_unique_id, program_stage, program);

create table if not exists marker (
  marker_id serial primary key,
  program_name text,
  category text,
  last_synced_date timestamp
);

create table if not exists log (
  log_id serial primary key,
  program text,
  synced_by text,
  comments text,
  status text,
  status_info text,
  date_created timestamp,
  start_date timestamp,
  end_date timestamp
);
alter table log add column if not exists start_date timestamp; -- the last generation's date range
alter table log add column if not exists end_date timestamp;

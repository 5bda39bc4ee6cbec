-- Each mapping's timetable: the truth, which the queue's job schedulers follow. A mapping that is renamed or deleted takes its row along (plain
-- statements: a Java service's mapping table may lack the key that a reference would need).

create table sync_schedule (
  schedule_id bigint primary key generated always as identity, -- stays the same when the mapping is renamed
  mapping_name text not null unique,
  cron text not null,
  time_zone text not null,
  paused boolean not null,
  comment text not null, -- of the syncs that it starts
  attended_at timestamptz not null, -- all times up to here have been seen to: a sync was started, or could not be, or the schedule was saved
  last_run_id uuid references sync_run on delete set null,
  last_missed_at timestamptz,
  last_missed_reason text,
  modified_by text not null,
  modified_at timestamptz not null
);
create index sync_schedule_last_run on sync_schedule (last_run_id);

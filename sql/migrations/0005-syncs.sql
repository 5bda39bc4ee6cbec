-- What a caller's Idempotency-Key began: the same request again within a day is told of the same sync.
create table sync_request (
  requested_by text not null,
  key text not null,
  content text not null, -- hash of what was asked for
  run_id uuid not null references sync_run on delete cascade deferrable initially deferred, -- the key is claimed before the run is made
  asked_at timestamptz not null default now(),
  primary key (requested_by, key)
);
create index sync_request_asked on sync_request (asked_at);
create index sync_request_run on sync_request (run_id);

-- lists of syncs, page by page
create index sync_run_newest on sync_run (created_at, run_id);
create index sync_run_of_mapping on sync_run (mapping_name, created_at, run_id);
create index sync_run_of_state on sync_run (state, created_at, run_id);
drop index sync_run_created;
-- which sync a row of the log is of
create index sync_run_log on sync_run (log_id);

-- Its predicate is no obstacle to a HOT update of the rows without warnings, which are nearly all.
create index sync_snapshot_row_warned on sync_snapshot_row (run_id, row_id) where warnings is not null;

-- the log by time, and each mapping's last success
create index sync_log_date on log (date_created, log_id);
create index sync_log_program on log (program, status, date_created);

-- for a sync's log; unknown of the chunks before this
alter table sync_chunk_done add column done_at timestamptz;
alter table sync_chunk_done alter column done_at set default now();

-- of the site, when the first of these records was delivered: statistics read by it
alter table sync_count add column day date;
update sync_count c set day = r.created_at::date from sync_run r where r.run_id = c.run_id;
alter table sync_count alter column day set default current_date;
create index sync_count_day on sync_count (day);

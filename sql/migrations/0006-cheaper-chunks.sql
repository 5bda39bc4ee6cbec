-- PostgreSQL asked for each row whether its run is there, which was a tenth of a snapshot's time. A run is deleted when none of these rows is left: retention.ts.
alter table sync_snapshot_row drop constraint sync_snapshot_row_run_id_fkey;
alter table sync_patient drop constraint sync_patient_run_id_fkey;
alter table sync_plan drop constraint sync_plan_run_id_fkey;

-- counted as they end: each of 100,000 chunks counting those before it would take longer than sending them
alter table sync_step add column chunks_done integer not null default 0;
update sync_step s set chunks_done = (select count(*) from sync_chunk_done d where d.run_id = s.run_id and d.step = s.step);

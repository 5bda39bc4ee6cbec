-- PostgreSQL asked for each row whether its run is there, which was a tenth of a snapshot's time. A run is deleted when none of these rows is left: retention.ts.
alter table sync_snapshot_row drop constraint sync_snapshot_row_run_id_fkey;
alter table sync_patient drop constraint sync_patient_run_id_fkey;
alter table sync_plan drop constraint sync_plan_run_id_fkey;

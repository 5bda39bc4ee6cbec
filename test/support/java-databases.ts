/** Databases that the two generations of the Java services leave: what their own migrations end at, without the unique constraints that never came to be. */
export const GENERATIONS = {
  '2018': `
    create table mapping (mapping_name text primary key, lookup_table json, mapping_json json, created_by text, date_created timestamp, modified_by text, date_modified timestamp);
    create table instance_tracker (patient_id text, instance_id text, created_by text, date_created timestamp, primary key (instance_id, patient_id));
    create table enrollment_tracker (instance_id text, program text, status text, created_by text, date_created timestamp, enrollment_id text, program_unique_id text, primary key (enrollment_id, program_unique_id));
    create table event_tracker (event_id text primary key, instance_id text, program text, program_stage text, event_unique_id text, created_by text, date_created timestamp);
    create table marker (marker_id serial primary key, program_name text, category text, last_synced_date timestamp);
    create table log (log_id serial primary key, program text, synced_by text, comments text, status text, status_info text, date_created timestamp);
    insert into mapping values ('HTS', '{"instance":"i","enrollments":"e","event":"v"}', '{"instance":{"a":"b"},"event":{"c":"d"}}', 'admin', now(), null, null);
    insert into marker (program_name, category, last_synced_date) values ('HTS', 'instance', '2018-06-17 20:30:00'), ('HTS', 'enrollment', null), ('HTS', 'event', '2018-06-17 20:30:00');`,
  '2020': `
    create table mapping (mapping_name text primary key, lookup_table json, mapping_json json, config json, created_by text, date_created timestamp, modified_by text, date_modified text);
    create table instance_tracker (patient_id text, instance_id text, created_by text, date_created timestamp, primary key (instance_id, patient_id));
    create table enrollment_tracker (instance_id text, program text, status text, created_by text, date_created timestamp, enrollment_id text, program_unique_id text, primary key (enrollment_id, program_unique_id));
    create table event_tracker (event_id text primary key, instance_id text, program text, program_stage text, event_unique_id text, created_by text, date_created timestamp);
    create table orgunit_tracker (orgunit text primary key, id text, date_created timestamp);
    create table marker (marker_id serial primary key, program_name text, category text, last_synced_date timestamp);
    create table log (log_id serial primary key, program text, synced_by text, comments text, status text, status_info text, date_created timestamp, start_date timestamp, end_date timestamp);
    insert into mapping values ('HTS', '{"instance":"i"}', '{}', '{"searchable":[]}', 'admin', now(), null, '2020-01-01 00:00:00');
    insert into marker (program_name, category, last_synced_date) select 'HTS', c, '2020-01-01' from unnest(array['instance','event','new_active_enrollment','new_completed_enrollment','new_cancelled_enrollment','updated_active_enrollment','updated_completed_enrollment','updated_cancelled_enrollment']) c;`,
}

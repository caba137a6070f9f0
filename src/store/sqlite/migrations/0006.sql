-- Which texts of a finding are names of people, or may be, so that a list can mask them. Rows of earlier versions have nulls.
alter table finding add column person_names text;
-- The quarantined lines of one record, run by run.
create index quarantine_key on quarantine (run, feed, key, line) where key is not null;

-- Lines that a job declares to be no data.
alter table source_file add column other integer not null default 0;

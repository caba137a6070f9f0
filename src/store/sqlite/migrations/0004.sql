-- Since when a finding has been there. Rows of earlier versions have nulls: the next delivery reads their identity from
-- the other columns and counts from their date on.
alter table finding add column first_seen text;
alter table finding add column deliveries integer;
alter table finding add column identity integer;

-- Has all that is compared of the findings of a run, so that a long list is read without its texts.
drop index finding_run;
create index finding_life on finding (run, code, feed, identity, first_seen, deliveries);
-- The findings of one record, run by run; a key behind all runs would be written all over the index.
create index finding_key on finding (run, key) where key is not null;

-- The rules that a run ran, with the true number of their findings: a run keeps 100,000 a code at most. Runs of earlier
-- versions have none.
create table run_rule (
    run      text not null,
    code     text not null,
    findings integer not null,
    primary key (run, code)
) without rowid;

-- Counted once, because many lists of runs show them.
alter table run add column errors integer not null default 0;
alter table run add column warnings integer not null default 0;
update run set
    errors = (select count(*) from finding where finding.run = run.id and level in ('error', 'fatal')),
    warnings = (select count(*) from finding where finding.run = run.id and level = 'warning');

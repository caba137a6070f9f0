-- Members compared with the roster: the differences, one row each with its days, and the checks that found them.
create table roster_check (
  id integer primary key,
  kind text not null check (kind in ('departed_still_member', 'active_without_account', 'unknown_member',
    'departure_missed', 'return_missed')),
  subject text not null,
  user_id text,
  agent_id text,
  agent_name text,
  organ_name text,
  team_name text,
  leave_date text,
  first_day text not null,
  last_day text,
  closed_on text,
  alerted integer not null default 0
);
create unique index roster_check_open on roster_check (kind, subject) where last_day is null;
create index roster_check_subject on roster_check (kind, subject, last_day);
create index roster_check_closed on roster_check (closed_on) where closed_on is not null;
create index roster_check_unalerted on roster_check (alerted) where alerted = 0;

create table roster_check_run (
  id integer primary key,
  day text not null,
  started_at text not null,
  outcome text not null check (outcome in ('done', 'failed')),
  message_zh text,
  message_en text,
  snapshot_date text,
  members integer,
  departments integer,
  scope text,
  accepted_smaller integer not null default 0,
  opened integer,
  closed integer,
  still_open integer
);
create index roster_check_run_outcome on roster_check_run (outcome, id);

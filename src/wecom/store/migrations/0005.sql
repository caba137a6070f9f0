-- Office staff who left and still are members are told, too, and of which file somebody is.
alter table roster_check rename column agent_id to person_id;
alter table roster_check rename column agent_name to person_name;
alter table roster_check add column feed text check (feed in ('agent', 'principal'));
update roster_check set feed = 'agent' where person_id is not null;

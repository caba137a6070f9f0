-- What is told of a member goes by the id that the member has now, after any number of renames.
create table member_identity (
  user_id text not null,
  since text not null,
  current_user_id text not null,
  primary key (user_id, since)
) without rowid;

-- Which way of deriving the state made the state tables. Those of an earlier one are made anew from the events.
create table state_format (
  format integer not null
);
insert into state_format (format) select case when exists (select 1 from callback_event) then 1 else 2 end;

drop view current_tag_member;
drop view current_tag_department;

-- What concerns two objects is told by views. A tag given before the member was deleted is gone with that member, even
-- if a member of the same id was created later, until it is given again.
create view current_tag_member as
select l.tag_id, l.user_id, l.added_at
from tag_member l
left join member m on m.user_id = l.user_id
where l.removed_at is null
  and (m.user_id is null or (m.deleted_at is null and (m.created_at is null or m.created_at <= l.changed_at)));

create view current_tag_department as
select l.tag_id, l.department_id, l.added_at
from tag_department l
left join department d on d.department_id = l.department_id
where l.removed_at is null
  and (d.department_id is null or (d.deleted_at is null and (d.created_at is null or d.created_at <= l.changed_at)));

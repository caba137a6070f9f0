-- wecom.db, format 1: what WeCom told, verbatim, and the state that follows from it.
--
-- Times are UTC as ISO text, so that they sort and compare. Ids are text, as delivered. Nothing is ever deleted
-- from callback_event; the tables below it can be made anew from it at any time (`orgsnap wecom rebuild`).
pragma application_id = 0x6f727765; -- "orwe"

create table callback_event (
  id integer primary key,
  received_at text not null,
  occurred_at text not null,
  endpoint text not null check (endpoint in ('member', 'external')),
  corp_id text not null,
  agent_id text not null,
  receive_id text not null,
  timestamp integer,
  nonce text not null,
  msg_type text,
  event text,
  change_type text,
  object_kind text,
  object_id text,
  user_id text,
  new_user_id text,
  from_user text,
  create_time integer,
  suite_id text,
  auth_corp_id text,
  problem text,
  deliveries integer not null default 1,
  last_received_at text not null,
  content_hash blob not null,
  body not null
);
create unique index callback_event_content on callback_event (content_hash, agent_id, endpoint, corp_id);
create index callback_event_received on callback_event (received_at);
create index callback_event_object on callback_event (object_kind, object_id, user_id) where object_kind is not null;
create index callback_event_rename on callback_event (new_user_id) where new_user_id is not null;

create table member (
  user_id text not null primary key,
  name text,
  department text,
  main_department text,
  is_leader_in_dept text,
  direct_leader text,
  position text,
  mobile text,
  gender text,
  email text,
  biz_mail text,
  status text,
  avatar text,
  alias text,
  telephone text,
  address text,
  english_name text,
  is_leader text,
  ext_attr text,
  renamed_to text,
  renamed_from text,
  created_at text,
  deleted_at text,
  changed_at text not null,
  event_id integer not null
) without rowid;
create index member_renamed on member (renamed_to) where renamed_to is not null;

create table member_department (
  user_id text not null,
  department_id text not null,
  position integer not null,
  is_leader integer,
  changed_at text not null,
  event_id integer not null,
  primary key (user_id, department_id)
) without rowid;
create index member_department_department on member_department (department_id);

create table department (
  department_id text not null primary key,
  name text,
  parent_id text,
  sort_order text,
  created_at text,
  deleted_at text,
  changed_at text not null,
  event_id integer not null
) without rowid;
create index department_parent on department (parent_id);

create table tag (
  tag_id text not null primary key,
  changed_at text not null,
  event_id integer not null
) without rowid;

create table tag_member (
  tag_id text not null,
  user_id text not null,
  added_at text,
  removed_at text,
  changed_at text not null,
  event_id integer not null,
  primary key (tag_id, user_id)
) without rowid;
create index tag_member_user on tag_member (user_id);

create table tag_department (
  tag_id text not null,
  department_id text not null,
  added_at text,
  removed_at text,
  changed_at text not null,
  event_id integer not null,
  primary key (tag_id, department_id)
) without rowid;
create index tag_department_department on tag_department (department_id);

create table external_contact (
  user_id text not null,
  external_user_id text not null,
  status text not null,
  state text,
  half_added_at text,
  created_at text,
  edited_at text,
  deleted_at text,
  deleted_by text,
  delete_source text,
  transfer_failed_at text,
  transfer_fail_reason text,
  chat_approved_at text,
  changed_at text not null,
  event_id integer not null,
  primary key (external_user_id, user_id)
) without rowid;
create index external_contact_user on external_contact (user_id);

create table customer_group (
  chat_id text not null primary key,
  last_detail text,
  owner_changed_at text,
  name_changed_at text,
  notice_changed_at text,
  member_version text,
  created_at text,
  deleted_at text,
  changed_at text not null,
  event_id integer not null
) without rowid;

create table customer_group_member (
  chat_id text not null,
  member_id text not null,
  joined_at text,
  join_scene text,
  left_at text,
  quit_scene text,
  changed_at text not null,
  event_id integer not null,
  primary key (chat_id, member_id)
) without rowid;
create index customer_group_member_member on customer_group_member (member_id);

create table customer_tag (
  tag_id text not null primary key,
  tag_type text,
  strategy_id text,
  shuffled_at text,
  created_at text,
  deleted_at text,
  changed_at text not null,
  event_id integer not null
) without rowid;

create table batch_job (
  job_id text not null primary key,
  job_type text,
  err_code text,
  err_msg text,
  finished_at text,
  changed_at text not null,
  event_id integer not null
) without rowid;

-- What concerns two objects is told by views, never written into the tables: so no table depends on the order in
-- which events of different objects arrive. A renamed member's tags follow the member; a tag given before the member
-- was deleted is gone with that member, even if a member of the same id was created later.
create view current_tag_member as
select l.tag_id, coalesce(m.renamed_to, l.user_id) as user_id, min(l.added_at) as added_at
from tag_member l
left join member m on m.user_id = l.user_id
left join member now on now.user_id = coalesce(m.renamed_to, l.user_id)
where l.removed_at is null
  and (now.user_id is null or (now.deleted_at is null and (now.created_at is null or now.created_at <= l.added_at)))
group by 1, 2;

create view current_tag_department as
select l.tag_id, l.department_id, l.added_at
from tag_department l
left join department d on d.department_id = l.department_id
where l.removed_at is null
  and (d.department_id is null or (d.deleted_at is null and (d.created_at is null or d.created_at <= l.added_at)));

create table data_dictionary (
  table_name text not null,
  column_name text not null,
  title_zh text not null,
  title_en text not null,
  meaning_zh text not null,
  meaning_en text not null,
  primary key (table_name, column_name)
) without rowid;

create table documentation (
  name text not null primary key,
  title_zh text not null,
  title_en text not null,
  sql text not null
) without rowid;

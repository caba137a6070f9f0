pragma application_id = 0x6f727773;

-- What a column means stands in data_dictionary, in Chinese and English.
create table message (
  id integer primary key,
  seq integer not null,
  msgid text not null unique,
  key_version integer not null,
  action text,
  msg_type text,
  from_user text,
  to_users text,
  room_id text,
  sent_at text,
  pulled_at text not null,
  body any not null
);
create index message_seq on message (seq);
create index message_sent_at on message (sent_at);
create index message_room on message (room_id, sent_at) where room_id is not null;

create table undecrypted (
  seq integer not null,
  msgid text not null primary key,
  key_version integer,
  reason text not null,
  code integer,
  attempts integer not null default 0,
  pulled_at text not null,
  item text not null
) without rowid;

create table media (
  id integer primary key,
  msgid text not null,
  file_id text not null,
  file text,
  extension text not null,
  md5 text,
  size integer,
  state text not null,
  code integer,
  attempts integer not null default 0,
  fetched_at text,
  unique (msgid, file_id)
);
create index media_wanted on media (id) where state = 'wanted';

create table gap (
  id integer primary key,
  told_at text not null,
  missing_from text not null,
  missing_to text not null,
  seq_before integer not null,
  seq_after integer
);

create table archive_state (
  id integer primary key check (id = 1),
  last_seq integer not null,
  covered_until text
);
insert into archive_state (id, last_seq) values (1, 0);

create table data_dictionary (
  table_name text not null,
  column_name text not null,
  title_zh text not null,
  title_en text not null,
  meaning_zh text not null,
  meaning_en text not null,
  type text,
  nullable integer,
  example text,
  primary key (table_name, column_name)
) without rowid;

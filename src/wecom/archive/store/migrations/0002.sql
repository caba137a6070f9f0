-- Messages whose id came before with another text: no text is lost.
create table message_again (
  seq integer not null,
  msgid text not null,
  key_version integer not null,
  sent_at text,
  pulled_at text not null,
  body any not null,
  primary key (msgid, seq)
) without rowid;

-- Refused deliveries that somebody answers for: they were published by a run of their own.
create table approval (
    run         text not null primary key,
    refused_run text not null unique,
    approved    text not null,
    approved_by text not null,
    reason      text not null,
    waived      text not null
) without rowid;

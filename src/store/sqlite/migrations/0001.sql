-- The tables that do not depend on a job's schema. Snapshot, history and tree tables are made from the
-- schema when a database is opened.
pragma application_id = 0x6f726773; -- "orgs"

create table snapshot (
    business_date  text not null primary key,
    run            text not null,
    agent_rows     integer not null,
    node_rows      integer not null,
    organ_rows     integer not null,
    principal_rows integer not null
) without rowid;

create table run (
    id            text not null primary key,
    tenant        text not null,
    business_date text not null,
    started       text not null,
    finished      text not null,
    verdict       text not null,
    reasons       text not null,
    timings       text not null,
    tool_version  text not null
) without rowid;

create table source_file (
    run          text not null,
    feed         text not null,
    name         text not null,
    sha256       text,
    size         integer not null,
    mtime        text,
    encoding     text,
    delimiter    text,
    header       integer,
    lines        integer not null,
    rows         integer not null,
    quarantined  integer not null,
    repeated     integer not null,
    header_lines integer not null,
    blank        integer not null,
    primary key (run, feed)
) without rowid;

create table finding (
    run         text not null,
    code        text not null,
    name        text not null,
    level       text not null,
    disposition text not null,
    feed        text not null,
    line        integer,
    lines       text not null,
    key         text,
    field       text,
    value       text,
    message_zh  text not null,
    message_en  text not null,
    related     text not null,
    affected    integer not null
);
create index finding_run on finding (run, code);

create table quarantine (
    run   text not null,
    feed  text not null,
    file  text not null,
    line  integer not null,
    raw   blob not null,
    text  text not null,
    rules text not null
);
create index quarantine_run on quarantine (run, feed, line);

create table carry (
    feed         text not null,
    id           text not null,
    carried_from text not null,
    carried_to   text,
    primary key (feed, id, carried_from)
) without rowid;

create table forest (
    name          text not null primary key,
    title_zh      text not null,
    title_en      text not null,
    feed          text not null,
    key_column    text not null,
    parent_column text not null,
    name_column   text
) without rowid;

create table data_dictionary (
    table_name  text not null,
    column_name text not null,
    title_zh    text not null,
    title_en    text not null,
    meaning_zh  text not null,
    meaning_en  text not null,
    primary key (table_name, column_name)
) without rowid;

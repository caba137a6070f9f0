-- What the codes of a column mean, and more about each column.
create table code_label (
    table_name  text not null,
    column_name text not null,
    value       text not null,
    label_zh    text not null,
    label_en    text not null,
    primary key (table_name, column_name, value)
) without rowid;
alter table data_dictionary add column type text;
alter table data_dictionary add column nullable integer;
alter table data_dictionary add column example text;

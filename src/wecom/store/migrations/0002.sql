-- More about each column.
alter table data_dictionary add column type text;
alter table data_dictionary add column nullable integer;
alter table data_dictionary add column example text;

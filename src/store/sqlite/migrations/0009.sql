-- By what the rows of a forest were made; null if nobody knows, so that they are read before they are written over.
alter table forest add column made_by text;

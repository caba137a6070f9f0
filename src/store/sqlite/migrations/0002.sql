-- The key of the record on a quarantined line. Of lines that are kept already it is known where a finding names it.
alter table quarantine add column key text;

update quarantine set key = named.key
from (
    select run, feed, line, min(key) as key from finding
    where disposition = 'quarantine' and key is not null and line is not null
    group by run, feed, line
) as named
where quarantine.run = named.run and quarantine.feed = named.feed and quarantine.line = named.line;

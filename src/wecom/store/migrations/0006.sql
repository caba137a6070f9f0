-- Events of another corp, by whichever field they name it, change no state (format 3). What has no events needs no
-- new tables of state.
update state_format set format = 3 where not exists (select 1 from callback_event);

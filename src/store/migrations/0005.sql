-- On which dates only quarantined rows came for a key while there was no version of it to carry.
create table quarantined_key (
    feed          text not null,
    id            text not null,
    business_date text not null,
    primary key (feed, id, business_date)
) without rowid;

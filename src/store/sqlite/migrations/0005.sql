-- On which dates only quarantined rows came for a key while there was no version of it to carry.
create table quarantined_key (
    feed          text not null,
    id            text not null,
    business_date text not null,
    primary key (feed, id, business_date)
) without rowid;

-- Dates that were taken back.
create table retraction (
    business_date text not null,
    run           text not null,
    retracted     text not null,
    retracted_by  text not null,
    reason        text not null,
    primary key (business_date, run)
) without rowid;

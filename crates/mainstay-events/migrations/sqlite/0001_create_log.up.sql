-- The event log. One file holds the log and the read models, so one transaction covers both.

-- Which log this is. A restore from a backup gives the log a new incarnation, so that whoever remembers a
-- position of the old one can tell.
create table es_log (
    id integer primary key check (id = 1),
    incarnation blob not null,
    created_at integer not null                 -- microseconds since 1970
) strict;

insert into es_log (id, incarnation, created_at)
values (1, randomblob(16), cast(unixepoch('subsec') * 1000000 as integer));

-- The counter behind the positions: updated in the transaction of each append, so positions come in commit
-- order and without gaps. A sequence would be drawn before the commit and could be overtaken.
create table es_seq (
    id integer primary key check (id = 1),
    position integer not null                   -- of the newest event; 0 when there is none
) strict;

insert into es_seq (id, position) values (1, 0);

create table es_event (
    position integer primary key check (position > 0),
    stream_id text not null,
    version integer not null check (version > 0), -- 1, 2, 3, … in its stream
    event_id blob not null,                     -- UUID of version 7
    type text not null,
    schema_version integer not null,            -- of the payload
    payload text not null,                      -- JSON
    meta text,                                  -- JSON
    correlation_id blob,                        -- the request that began it
    causation_id blob,                          -- the event, command or job that caused it
    actor text,
    recorded_at integer not null,               -- microseconds since 1970
    unique (stream_id, version)
) strict;

-- The log only grows.
create trigger es_event_is_never_updated before update on es_event
begin
    select raise(abort, 'an event is never changed');
end;

create trigger es_event_is_never_deleted before delete on es_event
begin
    select raise(abort, 'an event is never deleted');
end;

-- Appends that came with an id: a repetition gets the first answer instead of a second effect.
create table es_append (
    append_id blob primary key,
    fingerprint blob not null,                  -- SHA-256 of the request
    first_position integer not null,
    last_position integer not null,
    at integer not null                         -- microseconds since 1970
) strict, without rowid;

create index es_append_by_age on es_append (at);

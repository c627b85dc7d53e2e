-- The event log. One database holds the log and the read models, so one transaction covers both.

-- Which log this is. A restore from a backup gives the log a new incarnation, so that whoever remembers a
-- position of the old one can tell.
create table es_log (
    id smallint primary key check (id = 1),
    incarnation bytea not null,
    created_at bigint not null                  -- microseconds since 1970
);

insert into es_log (id, incarnation, created_at)
values (1, uuid_send(gen_random_uuid()), cast(extract(epoch from clock_timestamp()) * 1000000 as bigint));

-- The counter behind the positions: updated in the transaction of each append, which holds it to its end, so positions
-- come in commit order and without gaps. A sequence would be drawn before the commit and could be overtaken.
create table es_seq (
    id smallint primary key check (id = 1),
    position bigint not null                    -- of the newest event; 0 when there is none
) with (fillfactor = 10);                       -- changed in place by every append

insert into es_seq (id, position) values (1, 0);

create table es_event (
    position bigint primary key check (position > 0),
    stream_id text collate "C" not null,
    version bigint not null check (version > 0), -- 1, 2, 3, … in its stream
    event_id uuid not null,                     -- of version 7
    type text collate "C" not null,
    schema_version integer not null,            -- of the payload
    payload text not null,                      -- JSON, as it was written
    meta text,                                  -- JSON
    correlation_id uuid,                        -- the request that began it
    causation_id uuid,                          -- the event, command or job that caused it
    actor text,
    recorded_at bigint not null,                -- microseconds since 1970
    unique (stream_id, version)
);

-- The log only grows.
create function es_event_is_never_changed() returns trigger language plpgsql as $$
begin
    raise exception 'an event is never changed or deleted';
end
$$;

create trigger es_event_is_never_updated before update on es_event
for each row execute function es_event_is_never_changed();

create trigger es_event_is_never_deleted before delete on es_event
for each row execute function es_event_is_never_changed();

-- Appends that came with an id: a repetition gets the first answer instead of a second effect.
create table es_append (
    append_id uuid primary key,
    fingerprint bytea not null,                 -- SHA-256 of the request
    first_position bigint not null,
    last_position bigint not null,
    at bigint not null                          -- microseconds since 1970
);

create index es_append_by_age on es_append (at);

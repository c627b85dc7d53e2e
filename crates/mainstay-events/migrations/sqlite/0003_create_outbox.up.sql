-- Messages that leave the service: written with what they tell of, sent afterwards, at least once.
create table es_outbox (
    id blob not null,                           -- made of what the message tells of: the same thing is told once
    destination text not null,
    topic text not null,
    subject text not null,
    body text not null,                         -- JSON
    state text not null,                        -- waiting, sent or given_up
    attempts integer not null,
    error text,                                 -- of the last attempt
    due_at integer not null,                    -- microseconds since 1970, by the clock of the database
    created_at integer not null,
    settled_at integer,                         -- when it was sent, or given up
    primary key (destination, id)
) strict, without rowid;

create index es_outbox_by_due_at on es_outbox (destination, due_at) where state = 'waiting';

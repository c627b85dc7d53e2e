-- Where projections are that follow the log by themselves.

-- One row for each lane of each generation of a projection. A rebuild makes a new generation beside the one that
-- serves. The position is moved in the transaction of the read model, by whoever holds the fence.
create table es_projection (
    name text collate "C" not null,
    generation bigint not null,                -- its tables end in __g and this number
    lane bigint not null,                      -- 0 to lanes - 1
    lanes bigint not null,
    version bigint not null,                   -- of the code that made it
    role text not null,                         -- building, serving or retired
    status text not null,                       -- running, halted or faulted
    position bigint not null,                  -- of the last event that it took
    incarnation bytea not null,                  -- of the log that the position is of
    fence bigint not null,                     -- grows with each holder
    holder uuid,
    lease_until bigint not null,               -- microseconds since 1970, by the clock of the database
    wish text,                                  -- of an operator: retry, skip or rebuild
    failure text,                               -- JSON: why it is not running
    primary key (name, generation, lane)
);

-- Streams (or other keys) that a projection cannot take. Later events of the key wait behind the first.
create table es_quarantine (
    name text collate "C" not null,
    generation bigint not null,
    lane bigint not null,
    key text collate "C" not null,
    attempts bigint not null,
    build text not null,                        -- which failed: another one tries again by itself
    wish text,                                  -- of an operator: retry or skip
    failure text not null,                      -- JSON
    at bigint not null,                        -- microseconds since 1970
    primary key (name, generation, lane, key)
);

-- Positions only: the events are in the log.
create table es_quarantine_item (
    name text collate "C" not null,
    generation bigint not null,
    lane bigint not null,
    key text collate "C" not null,
    position bigint not null,
    primary key (name, generation, lane, key, position)
);

-- The read model: what the events of the log add up to. It is written in the transaction of each append, and
-- can be built again from the log. JSON is text as clients sent it; times are microseconds since 1970.
--
-- `revision` is the version of the thing's stream. Ids are never used again, so `autoincrement`.

create table schema (
    id integer primary key autoincrement,
    name text not null unique,
    version text not null,
    description text,
    dimensions text not null,                   -- JSON array of objects
    invalid integer not null,                   -- 1: stored although no evaluation can use it
    revision integer not null,
    created_at integer not null,
    updated_at integer not null
) strict;

create table ruleset (
    id integer primary key autoincrement,
    name text not null unique,
    version text not null,
    description text,
    schema_id integer not null references schema (id),
    rules text not null,                        -- JSON array of objects
    invalid integer not null,
    revision integer not null,
    created_at integer not null,
    updated_at integer not null
) strict;

create index ruleset_by_schema on ruleset (schema_id);

create table cluster_ruleset (
    id integer primary key autoincrement,
    name text not null unique,
    version text not null,
    description text,
    schema_id integer not null references schema (id),
    pairwise_ruleset_id integer not null references ruleset (id),
    rules text not null,                        -- JSON array of objects
    invalid integer not null,
    revision integer not null,
    created_at integer not null,
    updated_at integer not null
) strict;

create index cluster_ruleset_by_schema on cluster_ruleset (schema_id);
create index cluster_ruleset_by_pairwise_ruleset on cluster_ruleset (pairwise_ruleset_id);

create table catalog (
    id integer primary key autoincrement,
    uid blob not null unique,                   -- UUID; the streams of its items are named after it
    name text not null unique,
    description text,
    schema_id integer not null references schema (id),
    metadata text not null,                     -- JSON object
    item_count integer not null,
    touched integer not null,                   -- position of the newest event of it or of an item of it
    revision integer not null,
    created_at integer not null,
    updated_at integer not null
) strict;

create index catalog_by_schema on catalog (schema_id);

create table item (
    id integer primary key autoincrement,
    catalog_id integer not null references catalog (id) on delete cascade,
    item_id text not null,
    name text not null,
    attributes text not null,                   -- JSON object
    metadata text not null,                     -- JSON object
    invalid integer not null,                   -- 1: stored although it does not fit the schema
    revision integer not null,
    created_at integer not null,
    updated_at integer not null,
    unique (catalog_id, item_id)
) strict;

-- In storage order: the rowid is part of every index.
create index item_in_order on item (catalog_id);

-- Where the streams of deleted things are, for those who use the name again.
create table retired_stream (
    stream_id text primary key,
    revision integer not null
) strict, without rowid;

-- Sessions. A row is written once, changed in place, and deleted: nothing ever writes it again after that, so a
-- session that was ended cannot come back.
create table session (
    session_id blob primary key,                -- UUID: names the session in lists, and stays while tokens change
    token_id blob not null unique,              -- the open half of the token; another one after each rotation
    secret_hash blob not null,                  -- HMAC-SHA-256 of the secret half
    user_id blob,                               -- null while nobody has signed in
    user_epoch integer not null,                -- of the user at sign-in; see live_session
    auth_level integer not null,
    authenticated_at integer,                   -- microseconds since 1970, as all times here
    generation integer not null,                -- counts the changes of the row's data
    created_at integer not null,
    last_seen_at integer not null,              -- behind by at most a minute; not indexed, so that it is cheap
    idle_us integer not null,                   -- ends this long after last_seen_at …
    ends_at integer not null,                   -- … and here at the latest
    csrf_secret blob not null,
    csrf_previous blob,                         -- still good for a short time after a rotation
    csrf_previous_until integer,
    user_agent text,
    address text,
    data text not null,                         -- JSON object
    check ((user_id is null) = (authenticated_at is null))
) strict;

create index session_by_user on session (user_id) where user_id is not null;

-- How often all sessions of a user were ended at once; the user of 16 zero bytes stands for everybody.
create table session_subject (
    user_id blob primary key,
    epoch integer not null
) strict, without rowid;

-- A session of a user is good while nothing of its user's, and of everybody's, was counted since its sign-in. So one
-- updated row ends any number of sessions. Both counts only grow: their sum stays when both stay.
create view live_session as
select * from session
where user_id is null
   or user_epoch = (
       select coalesce(sum(epoch), 0) from session_subject
       where session_subject.user_id in (session.user_id, zeroblob(16))
   );

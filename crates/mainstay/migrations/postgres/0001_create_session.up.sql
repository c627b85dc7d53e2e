-- Sessions. A row is written once, changed in place, and deleted: nothing ever writes it again after that, so a
-- session that was ended cannot come back.
create table session (
    session_id uuid primary key,                -- names the session in lists, and stays while tokens change
    token_id bytea not null unique,             -- the open half of the token; another one after each rotation
    secret_hash bytea not null,                 -- HMAC-SHA-256 of the secret half
    user_id uuid,                               -- null while nobody has signed in
    user_epoch bigint not null,                 -- of the user at sign-in; see live_session
    auth_level smallint not null,
    authenticated_at bigint,                    -- microseconds since 1970, as all times here
    generation bigint not null,                 -- counts the changes of the row's data
    created_at bigint not null,
    last_seen_at bigint not null,               -- behind by at most a minute; not indexed, so that it is cheap
    idle_us bigint not null,                    -- ends this long after last_seen_at …
    ends_at bigint not null,                    -- … and here at the latest
    csrf_secret bytea not null,
    csrf_previous bytea,                        -- still good for a short time after a rotation
    csrf_previous_until bigint,
    user_agent text,
    address text,
    data text not null,                         -- JSON object
    check ((user_id is null) = (authenticated_at is null))
) with (fillfactor = 70);                       -- room for the changes in place: they touch no index

create index session_by_user on session (user_id) where user_id is not null;

-- How often all sessions of a user were ended at once; the user of 16 zero bytes stands for everybody.
create table session_subject (
    user_id uuid primary key,
    epoch bigint not null
) with (fillfactor = 10);

-- A session of a user is good while nothing of its user's, and of everybody's, was counted since its sign-in. So one
-- updated row ends any number of sessions. Both counts only grow: their sum stays when both stay.
create view live_session as
select * from session
where user_id is null
   or user_epoch = (
       select cast(coalesce(sum(epoch), 0) as bigint) from session_subject
       where session_subject.user_id in (session.user_id, '00000000-0000-0000-0000-000000000000')
   );

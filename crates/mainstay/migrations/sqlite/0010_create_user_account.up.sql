-- Who may sign in. A name is stored as it is compared: lower-case ASCII.
create table user_account (
    id blob primary key,                        -- UUID of version 7
    name text not null unique,
    provider text not null check (provider in ('local', 'ldap')),
    role text not null check (role in ('viewer', 'editor', 'operator')),
    password_hash text,                         -- PHC string; none where a directory knows the password
    password_ends_at integer,                   -- an initial password that nobody used by then is worthless
    must_change integer not null check (must_change in (0, 1)),
    is_disabled integer not null check (is_disabled in (0, 1)),
    created_at integer not null,                -- microseconds since 1970, as all times here
    changed_at integer not null,
    check ((provider = 'local') = (password_hash is not null))
) strict, without rowid;

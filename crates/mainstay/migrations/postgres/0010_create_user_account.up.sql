-- Who may sign in. A name is stored as it is compared: lower-case ASCII.
create table user_account (
    id uuid primary key,                        -- of version 7
    name text collate "C" not null unique,
    provider text not null check (provider in ('local', 'ldap')),
    role text not null check (role in ('viewer', 'editor', 'operator')),
    password_hash text,                         -- PHC string; none where a directory knows the password
    password_ends_at bigint,                    -- an initial password that nobody used by then is worthless
    must_change boolean not null,
    is_disabled boolean not null,
    created_at bigint not null,                 -- microseconds since 1970, as all times here
    changed_at bigint not null,
    check ((provider = 'local') = (password_hash is not null))
);

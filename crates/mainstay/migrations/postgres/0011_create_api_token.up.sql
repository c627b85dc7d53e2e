-- API tokens. Only a hash is kept: nobody who reads this table can use one.
create table api_token (
    id uuid primary key,                        -- of version 7
    lookup text not null unique,                -- the part of the token that finds its row, and opens nothing
    hash bytea not null check (length(hash) = 32),
    name text not null,
    role text not null check (role in ('viewer', 'editor', 'operator')),
    user_id uuid references user_account (id),  -- whose it is; none for those made on the command line
    created_at bigint not null,                 -- microseconds since 1970, as all times here
    expires_at bigint,
    last_used_at bigint,                        -- to the minute or so: written in batches
    revoked_at bigint
);

create index api_token_of_user on api_token (user_id) where user_id is not null;

-- What was changed of sessions lately, for the caches of all instances. A number is drawn from the counter in
-- session_subject (the user of 16 bytes 255) by the transaction that makes the change, which holds that row to its end:
-- so numbers become visible in their order, and without gaps. Only the latest few thousand are kept.
create table session_change (
    number bigint primary key,
    session_id uuid,                            -- one session, or …
    user_id uuid,                               -- … all of a user, or, without both, all
    check (session_id is null or user_id is null)
);

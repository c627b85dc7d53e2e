create table part (
    id integer primary key,
    name text not null unique
) strict;

create table entry (
    id integer primary key,
    author text not null,
    message text not null check (length(message) between 1 and 1000)
) strict;

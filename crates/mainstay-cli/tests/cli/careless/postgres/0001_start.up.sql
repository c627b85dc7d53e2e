create table thing (id bigint primary key, name text);

-- An index of its own is no danger here.
create index thing_by_id on thing (id);
alter table thing drop column name;

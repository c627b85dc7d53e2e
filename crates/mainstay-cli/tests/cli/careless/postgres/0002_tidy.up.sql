create index thing_by_id on thing (id);
alter table thing drop column name;

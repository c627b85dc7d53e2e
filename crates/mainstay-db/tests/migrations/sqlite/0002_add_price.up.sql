alter table part add column price integer;
create index part_by_price on part (price);

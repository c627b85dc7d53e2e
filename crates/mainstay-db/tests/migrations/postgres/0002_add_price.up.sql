alter table part add column price bigint;
create index part_by_price on part (price);

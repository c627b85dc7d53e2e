drop index part_by_price;
alter table part drop column price;

drop table part;

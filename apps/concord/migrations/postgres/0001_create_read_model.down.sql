drop table retired_stream;
drop table item;
drop table catalog;
drop table cluster_ruleset;
drop table ruleset;
drop table schema;

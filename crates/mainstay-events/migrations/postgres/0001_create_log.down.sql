drop table es_append;
drop table es_event;
drop function es_event_is_never_changed();
drop table es_seq;
drop table es_log;

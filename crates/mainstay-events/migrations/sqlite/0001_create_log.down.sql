drop table es_append;
drop trigger es_event_is_never_deleted;
drop trigger es_event_is_never_updated;
drop table es_event;
drop table es_seq;
drop table es_log;

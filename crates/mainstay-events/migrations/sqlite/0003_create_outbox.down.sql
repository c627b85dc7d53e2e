drop table es_outbox;

drop table es_quarantine_item;
drop table es_quarantine;
drop table es_projection;

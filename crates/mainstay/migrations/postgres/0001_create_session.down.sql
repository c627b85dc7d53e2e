drop view live_session;
drop table session_subject;
drop table session;
